-- SPDX-License-Identifier: Apache-2.0
-- Point look-ups all over the table: by its key, and by the name through the index.
pragma mmap_size = 268435456;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
  select sum(a.value), sum(b.value) from n
  cross join t a on a.id = n.i * 104729 % 300000 + 1
  cross join t b on b.name = printf('name %d', n.i * 15485863 % 300007);
