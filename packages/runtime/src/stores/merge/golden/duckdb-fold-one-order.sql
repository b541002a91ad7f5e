select g0.c0 as "i""d", g0.c1 as "name", g0.c2 as "amount", null::varchar as "note"
  from (with e as (select t.rowid as _row, _batch, _op, _at, _present, c0, c1, c2, c3, (coalesce(_at - 1000000 + 1, 0) * 4 + case _batch when 1 then 2 when 2 then 1 else 0 end)::bigint as w0
  from contributions as t
  where _batch in (1, 2)), u as (select *
  from e) select arg_max(_row, w0) as r0
  from u
  group by c0) as m
  join contributions as g0 on g0.rowid = m.r0;
