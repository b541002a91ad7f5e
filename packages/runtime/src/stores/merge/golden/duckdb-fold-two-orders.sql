select *, 1 + (case when r1 is not null and r1 is distinct from r0 then 1 else 0 end) + (case when r2 is not null and r2 is distinct from r0 and r2 is distinct from r1 then 1 else 0 end) + (case when r3 is not null and r3 is distinct from r0 and r3 is distinct from r1 and r3 is distinct from r2 then 1 else 0 end) as winners
  from (with e as (select t.rowid as _row, _batch, _op, _at, _present, c0, c1, c2, c3, (coalesce(_at - 1000000 + 1, 0) * 4 + case _batch when 1 then 2 when 2 then 1 else 0 end)::bigint as w0, (coalesce(_at - 1000000 + 1, 0) * 2 + case _batch when 1 then 2000004 when 2 then 1 else 0 end)::bigint as w1
  from contributions as t
  where _batch in (1, 2)), u as (select *
  from e) select arg_max(_row, w0) as r0, arg_max(_row, w1) as r1, arg_max(_row, w0) filter (where _batch in (1)) as r2, arg_max(_row, w0) filter (where _batch in (1) and c3 is not null) as r3
  from u
  group by c0) as narrow;

select g0.c0 as "i""d", g1.c1 as "name", g2.c2 as "amount", g3.c3 as "note"
  from findings as m
  join contributions as g0 on g0.rowid = m.r0
  left join contributions as g1 on g1.rowid = m.r1
  left join contributions as g2 on g2.rowid = m.r2
  left join contributions as g3 on g3.rowid = m.r3;
