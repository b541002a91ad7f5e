select *, 1 + (case when r1 is not null and r1 is distinct from r0 then 1 else 0 end) as winners
  from (with e as (select t.rowid as _row, _batch, _op, _at, _present, c0, c1, c2, c3, (coalesce(_at::hugeint - (-4611686018427387904)::hugeint + 1, 0) * 8589934596::hugeint + coalesce(_ordinal::hugeint, 0) + case _batch when 1 then 4294967298::hugeint when 2 then 2147483649::hugeint else 0::hugeint end::hugeint)::hugeint as w0
  from contributions as t
  where _batch in (1, 2)), u as (select *
  from e) select arg_max(_row, w0) as r0, arg_max(_row, w0) filter (where c3 is not null) as r1
  from u
  group by c0) as narrow;

select g0.c0 as "i""d", g0.c1 as "name", g0.c2 as "amount", g1.c3 as "note"
  from findings as m
  join contributions as g0 on g0.rowid = m.r0
  left join contributions as g1 on g1.rowid = m.r1;
