select *, 1 + (case when r1 is not null and r1 is distinct from r0 then 1 else 0 end) as winners
  from (with e0 as (select t.rowid as _row, _batch, _op, _at, _present, c0, c1, c2, c3, (coalesce(_at - 1000000 + 1, 0))::bigint as w0
  from contributions as t
  where _batch in (1, 2)), e1 as (select *, sha256(('\x00\x00\x00\x06\x61\x6D\x6F\x75\x6E\x74'::blob || coalesce('\x01'::blob || (c2 + 0.0::double)::bit::blob, '\x00'::blob)) || ('\x00\x00\x00\x04\x6E\x61\x6D\x65'::blob || coalesce(strlen(c1)::integer::bit::blob || encode(c1), '\xFF\xFF\xFF\xFF'::blob)) || (case when c3 is not null then '\x00\x00\x00\x04\x6E\x6F\x74\x65'::blob || coalesce(strlen(c3)::integer::bit::blob || encode(c3), '\xFF\xFF\xFF\xFF'::blob) else ''::blob end)) as _hash
  from e0), e2 as (select *, row_number() over (partition by c0, w0, _hash
  order by _row) as _again
  from e1), e as (select _row, _batch, _op, _present, c0, c1, c2, c3, row_number() over (partition by c0
  order by w0, _hash) as w0
  from e2
  where _again = 1), u as (select *
  from e) select arg_max(_row, w0) as r0, arg_max(_row, w0) filter (where c3 is not null) as r1
  from u
  group by c0) as narrow;

select g0.c0 as "i""d", g0.c1 as "name", g0.c2 as "amount", g1.c3 as "note"
  from findings as m
  join contributions as g0 on g0.rowid = m.r0
  left join contributions as g1 on g1.rowid = m.r1;
