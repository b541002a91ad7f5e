with e as (select t.ctid as _row, _batch, _op, _at, _present, c0, c1, c2, c3, (case _batch when 1 then 2 when 2 then 1 else 0 end)::bigint as w0
  from contributions as t
  where _batch in (1, 2)), u as (select *
  from e) select c0 as "i""d", c1 as "name", c2 as "amount", c3 as "note", 1 + (case when i1 is not null and i1 is distinct from i0 then 1 else 0 end) as winners
  from (select c0, c1, c2, w0 as i0, row_number() over (partition by c0
  order by w0 desc) as _rank, first_value(case when c3 is not null then c3 end) over g1 as c3, first_value(case when c3 is not null then w0 end) over g1 as i1
  from u
  window g1 as (partition by c0
  order by case when c3 is not null then w0 end desc nulls last)) as ranked
  where _rank = 1;

select "i""d", "name", "amount", "note"
  from findings;

with e as (select t.ctid as _row, _batch, _op, _at, _present, c0, c1, c2, c3, (case _batch when 1 then 2 when 2 then 1 else 0 end)::bigint as w0
  from contributions as t
  where _batch in (1, 2)), u as (select *
  from e) select (jsonb_build_object('i"d', c0))::text as key_json
  from u
  group by c0
  having (min(c1) <> max(c1) or count(c1) not in (0, count(*))) or (min(c2) <> max(c2) or count(c2) not in (0, count(*))) or (min(c3) filter (where c3 is not null) <> max(c3) filter (where c3 is not null) or count(c3) filter (where c3 is not null) not in (0, count(*) filter (where c3 is not null)))
  order by c0 limit 10;
