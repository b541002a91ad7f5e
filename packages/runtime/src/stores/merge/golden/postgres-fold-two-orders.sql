with e as (select t.ctid as _row, _batch, _op, _at, _present, c0, c1, c2, c3, (coalesce(_at - 1000000 + 1, 0) * 4 + case _batch when 1 then 2 when 2 then 1 else 0 end)::bigint as w0, (coalesce(_at - 1000000 + 1, 0) * 2 + case _batch when 1 then 2000004 when 2 then 1 else 0 end)::bigint as w1
  from contributions as t
  where _batch in (1, 2)), u as (select *
  from e) select c0 as "i""d", c1 as "name", c2 as "amount", c3 as "note", 1 + (case when i1 is not null and i1 is distinct from i0 then 1 else 0 end) + (case when i2 is not null and i2 is distinct from i0 and i2 is distinct from i1 then 1 else 0 end) + (case when i3 is not null and i3 is distinct from i0 and i3 is distinct from i1 and i3 is distinct from i2 then 1 else 0 end) as winners
  from (select c0, w0 as i0, row_number() over (partition by c0
  order by w0 desc) as _rank, first_value(c1) over g1 as c1, first_value(w0) over g1 as i1, first_value(case when _batch in (1) then c2 end) over g2 as c2, first_value(case when _batch in (1) then w0 end) over g2 as i2, first_value(case when _batch in (1) and c3 is not null then c3 end) over g3 as c3, first_value(case when _batch in (1) and c3 is not null then w0 end) over g3 as i3
  from u
  window g1 as (partition by c0
  order by w1 desc nulls last), g2 as (partition by c0
  order by case when _batch in (1) then w0 end desc nulls last), g3 as (partition by c0
  order by case when _batch in (1) and c3 is not null then w0 end desc nulls last)) as ranked
  where _rank = 1;

select "i""d", "name", "amount", "note"
  from findings;
