create table if not exists contributions (_batch integer not null, _fault varchar, _op smallint, _at bigint, _sequence bigint, _ordinal bigint, _present bit varying, c0 text collate "C", c1 text collate "C", c2 double precision, c3 text collate "C");

create index if not exists "contributions_batch" on contributions using brin (_batch);

insert into contributions (_batch, _fault, _at, c0, c1) select 7, case when b."i""d" is null then 'keyMissing: i"d' when b."at" is null then 'eventTimeMissing: at' when not isfinite(b."at") then 'eventTimeInvalid: at' end, case when isfinite(b."at") then (timestamptz_send(b."at")::int8 + 946684800000000) end, case when octet_length(b."i""d") = char_length(b."i""d") then b."i""d" else normalize(b."i""d", nfc) end, b."name"
  from (select 1) as b;

select coalesce(sum(same), 0) as accepted, coalesce(sum(same - 1), 0) as ties, min(_at) as least_time, max(_at) as greatest_time
  from (select _at, count(*) as same
  from contributions
  where _batch = 7 and _fault is null
  group by c0, _at) as positions;

select distinct (jsonb_build_object('i"d', c0))::text as key_json
  from contributions
  where _batch = 7 and _fault is null
  group by c0, _at
  having count(*) > 1 and count(distinct row(c0, c1, c2, c3)) > 1
  order by key_json limit 10;

delete
  from contributions
  where _batch = 7 and ctid in (select id
  from (select ctid as id, row_number() over (partition by c0, _at
  order by ctid) as rank
  from contributions
  where _batch = 7 and _fault is null) as ranked
  where rank > 1);

select case _batch when 7 then 'o''brien' end, _fault, (jsonb_build_object('i"d', c0, 'name', c1, 'amount', c2, 'note', c3))::text
  from contributions
  where _fault is not null and _batch in (7);
