-- SPDX-License-Identifier: Apache-2.0
create table t(id integer primary key, name text, value integer);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 500)
  insert into t select i, 'name ' || (i * 7919 % 1009), i * 31 % 977 from n;
create index t_name on t(name);
select name, count(*), sum(value) from t group by name order by sum(value) desc limit 3;
