-- SPDX-License-Identifier: Apache-2.0
-- A table of 300,000 rows with an index over a text: 40 MB.
create table t(id integer primary key, name text, value integer, note text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000)
  insert into t select i, printf('name %d', i * 7919 % 300007), i * 31 % 977, printf('%.*c', 60 + i % 40, 'x') from n;
create index t_name on t(name);
