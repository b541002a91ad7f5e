with e0 as (select t.ctid as _row, _batch, _op, _at, _present, c0, c1, c2, c3, (coalesce(_at - 1000000 + 1, 0))::bigint as w0
  from contributions as t
  where _batch in (1, 2)), e1 as (select *, sha256(('\x00000006616d6f756e74'::bytea || coalesce('\x01'::bytea || float8send(c2 + 0.0), '\x00'::bytea)) || ('\x000000046e616d65'::bytea || coalesce(int4send(octet_length(c1)) || textsend(c1), '\xffffffff'::bytea)) || (case when c3 is not null then '\x000000046e6f7465'::bytea || coalesce(int4send(octet_length(c3)) || textsend(c3), '\xffffffff'::bytea) else '\x'::bytea end)) as _hash
  from e0), e2 as (select *, row_number() over (partition by c0, w0, _hash
  order by _row) as _again
  from e1), e as (select _row, _batch, _op, _present, c0, c1, c2, c3, row_number() over (partition by c0
  order by w0, _hash) as w0
  from e2
  where _again = 1), u as (select *
  from e) select c0 as "i""d", c1 as "name", c2 as "amount", c3 as "note", 1 + (case when i1 is not null and i1 is distinct from i0 then 1 else 0 end) as winners
  from (select c0, c1, c2, w0 as i0, row_number() over (partition by c0
  order by w0 desc) as _rank, first_value(case when c3 is not null then c3 end) over g1 as c3, first_value(case when c3 is not null then w0 end) over g1 as i1
  from u
  window g1 as (partition by c0
  order by case when c3 is not null then w0 end desc nulls last)) as ranked
  where _rank = 1;

select "i""d", "name", "amount", "note"
  from findings;
