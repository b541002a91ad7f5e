with e as (select t.ctid as _row, _batch, _op, _at, _present, c0, c1, c2, c3, (coalesce(_at - 1000000 + 1, 0) * 4 + case _batch when 1 then 2 when 2 then 1 else 0 end)::bigint as w0
  from contributions as t
  where _batch in (1, 2)), u as (select *
  from e) select distinct on (c0) c0 as "i""d", c1 as "name", c2 as "amount", null::text as "note"
  from u
  order by c0, w0 desc;
