with e as (select t.ctid as _row, _batch, _op, _at, _present, case _batch when 1 then 0 when 2 then 1 end as _source, c0, c1, c2, c3, (coalesce(_at - 1000000 + 1, 0) * 6 + coalesce(_op, 0)::bigint + case _batch when 1 then 6000012 when 2 then 3 else 0 end)::bigint as w0, (coalesce(_at - 1000000 + 1, 0) * 12 + coalesce(_op, 0)::bigint + case _batch when 1 then 6 when 2 then 3 else 0 end)::bigint as w1
  from contributions as t
  where _batch in (1, 2)), d as (select c0, max(w1) as w
  from e
  where _op = 2
  group by c0), r as (select c0, _source, max(w1) as w
  from e
  where _op = 1
  group by c0, _source), u as (select e.*
  from e
  left join d on d.c0 = e.c0
  left join r on r.c0 = e.c0 and r._source = e._source
  where coalesce(e._op, 0) = 0 and (d.w is null or e.w1 > d.w) and (r.w is null or e.w1 > r.w)) select c0 as "i""d", c1 as "name", c2 as "amount", c3 as "note", 1 + (case when i1 is not null and i1 is distinct from i0 then 1 else 0 end) + (case when i2 is not null and i2 is distinct from i0 and i2 is distinct from i1 then 1 else 0 end) + (case when i3 is not null and i3 is distinct from i0 and i3 is distinct from i1 and i3 is distinct from i2 then 1 else 0 end) as winners
  from (select c0, w0 as i0, row_number() over (partition by c0
  order by w0 desc) as _rank, first_value(case when coalesce(get_bit(_present, 1), 1) = 1 then c1 end) over g1 as c1, first_value(case when coalesce(get_bit(_present, 1), 1) = 1 then w0 end) over g1 as i1, first_value(case when coalesce(get_bit(_present, 2), 1) = 1 then c2 end) over g2 as c2, first_value(case when coalesce(get_bit(_present, 2), 1) = 1 then w0 end) over g2 as i2, first_value(case when coalesce(get_bit(_present, 3), 1) = 1 and c3 is not null then c3 end) over g3 as c3, first_value(case when coalesce(get_bit(_present, 3), 1) = 1 and c3 is not null then w0 end) over g3 as i3
  from u
  window g1 as (partition by c0
  order by case when coalesce(get_bit(_present, 1), 1) = 1 then w0 end desc nulls last), g2 as (partition by c0
  order by case when coalesce(get_bit(_present, 2), 1) = 1 then w0 end desc nulls last), g3 as (partition by c0
  order by case when coalesce(get_bit(_present, 3), 1) = 1 and c3 is not null then w0 end desc nulls last)) as ranked
  where _rank = 1;

select "i""d", "name", "amount", "note"
  from findings;
