with e as (select t.ctid as _row, _batch, _op, _at, _present, c0, c1, c2, c3, (coalesce(_at::numeric - (-4611686018427387904)::numeric + 1, 0) * 8589934596::numeric + coalesce(_ordinal::numeric, 0) + case _batch when 1 then 4294967298::numeric when 2 then 2147483649::numeric else 0::numeric end::numeric)::numeric as w0
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
