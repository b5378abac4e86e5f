/** Redis, PostgreSQL and MariaDB with their own clients, their protocols undeclared: recognised as bytes and relayed. */
import t from 'tap';
import { startWatch } from '../helpers/stopwatch.ts';
import { withLab } from './support/lab.ts';
import { type Program, pairServices, pairTopology } from './support/pair.ts';
import { assertSound, connections, countsExactly } from './support/traffic.ts';

const PORTS = { redis: 6379, postgres: 5432, mariadb: 3306 };

const REDIS: Program = {
  name: 'redis',
  user: 'redis',
  command: ['redis-server', '--bind', '*', '-::*', '--protected-mode', 'no', '--save', ''],
  ready: { port: PORTS.redis },
};

const POSTGRES: Program = {
  name: 'postgres',
  user: 'postgres',
  command: ['bash', '-euc', 'PATH=$(echo /usr/lib/postgresql/*/bin):$PATH; . ./start.sh'],
  files: {
    'start.sh': `initdb --no-sync --auth=trust --username=postgres -D data >/dev/null
echo 'host all all all trust' >> data/pg_hba.conf
exec postgres -D data -h '*' -c unix_socket_directories=$PWD -c fsync=off`,
  },
  ready: { port: PORTS.postgres },
};

const MARIADB: Program = {
  name: 'mariadb',
  user: 'mysql',
  command: ['bash', '-eu', 'start.sh'],
  files: {
    'start.sh': `files="--no-defaults --datadir=$PWD/data --innodb-log-file-size=8M"
mariadb-install-db $files --skip-test-db >/dev/null
exec mariadbd $files --bind-address='*' --socket=$PWD/socket --skip-name-resolve --init-file=$PWD/init.sql`,
    'init.sql': `CREATE USER shop@'%' IDENTIFIED BY 'secret';
CREATE DATABASE shop;
GRANT ALL ON shop.* TO shop@'%';
`,
  },
  ready: { port: PORTS.mariadb },
};

/** The same on both hosts: one endpoint, relayed as bytes. */
function relayed(count: number, reason = 'client-bytes') {
  const traffic = connections(count, 'opaque', reason);
  return { 'client outbound': traffic, 'server inbound': traffic };
}

t.setTimeout(180_000);

await withLab(pairTopology([REDIS, POSTGRES, MARIADB], PORTS), async (lab) => {
  await lab.apply(pairServices(PORTS));

  await t.test('redis-cli', async (t) => {
    const counted = await countsExactly(t, lab, relayed(3), async () => {
      t.equal(await lab.run('client', ['redis-cli', '-h', 'redis.test', 'set', 'canal', 'horse']), 'OK\n');
      t.equal(await lab.run('client', ['redis-cli', '-h', 'redis.test', 'get', 'canal']), 'horse\n');
      t.equal(await lab.run('client', ['redis-cli', '-h', lab.address('server', 'ipv6'), 'get', 'canal']), 'horse\n');
    });
    t.same(counted['client outbound']?.bytes, counted['server inbound']?.bytes, 'no byte was added or lost on the way');
  });

  await t.test('redis-benchmark: 50 clients, pipelined', async (t) => {
    const command = [
      'redis-benchmark',
      '-h',
      'redis.test',
      '-n',
      '50000',
      '-c',
      '50',
      '-P',
      '16',
      '-t',
      'set,get',
      '-q',
    ];
    const before = await lab.counter('server', 'towpath_connections_opened_total', { side: 'inbound' });
    const output = await lab.run('client', command);
    t.match(output, /SET: [\d.]+ requests per second/);
    t.match(output, /GET: [\d.]+ requests per second/);
    // One connection to ask for the configuration, and 50 for each of the two tests.
    const opened = (await lab.counter('server', 'towpath_connections_opened_total', { side: 'inbound' })) - before;
    t.equal(opened, 101);
    t.match(
      await lab.run('client', ['redis-cli', '-h', 'redis.test', 'info', 'commandstats']),
      /cmdstat_get:calls=5000[0-9],/,
    );
  });

  await t.test('what redis pushes arrives while the client is silent', async (t) => {
    await countsExactly(t, lab, relayed(4), async () => {
      const subscriber = lab.spawn('client', ['redis-cli', '-h', 'redis.test', 'subscribe', 'news']);
      await lab.waitFor('the subscription', 20_000, async () => subscriber.stdout.includes('subscribe'));
      const waiting = lab.spawn('client', ['redis-cli', '-h', 'redis.test', 'blpop', 'jobs', '60']);
      t.equal(await lab.run('client', ['redis-cli', '-h', 'redis.test', 'publish', 'news', 'the lock is open']), '1\n');
      await lab.waitFor('the message', 20_000, async () => subscriber.stdout.includes('the lock is open'));
      await lab.waitFor('the blocking pop', 20_000, async () => {
        const clients = await lab.run('server', ['redis-cli', 'client', 'list']);
        return clients.includes('cmd=blpop');
      });
      const watch = startWatch();
      await lab.run('client', ['redis-cli', '-h', 'redis.test', 'rpush', 'jobs', 'tow']);
      t.equal((await waiting.within(20_000)).stdout, 'jobs\ntow\n');
      t.ok(watch.quietMs() < 1000);
      await subscriber.stop();
    });
  });

  await t.test('psql: queries, a large COPY each way, LISTEN and NOTIFY, and a cancelled query', async (t) => {
    const psql = ['psql', '-h', 'postgres.test', '-U', 'postgres', '-AtX', '-v', 'ON_ERROR_STOP=1'];
    await countsExactly(t, lab, relayed(2), async () => {
      const copied = await lab.shell(
        'client',
        `seq 1 300000 | ${psql.join(' ')} -c 'create table t (n int)' -c '\\copy t from stdin' -c 'select sum(n) from t'`,
      );
      t.match(copied, /^CREATE TABLE\nCOPY 300000\n45000150000\n$/);
      t.equal(await lab.shell('client', `${psql.join(' ')} -c '\\copy t to stdout' | wc -l`), '300000\n');
    });
    const listener = lab.spawn('client', [...psql, '-c', 'listen boats', '-c', 'select pg_sleep(1)', '-c', 'select 1']);
    await lab.waitFor('LISTEN', 20_000, async () => listener.stdout.includes('LISTEN'));
    await lab.run('client', [...psql, '-c', "notify boats, 'arriving'"]);
    t.match((await listener.within(20_000)).stdout, /Asynchronous notification "boats" with payload "arriving"/);
    // Ctrl-C sends the cancel request on a second connection.
    const slow = lab.spawn('client', [...psql, '-c', 'select pg_sleep(30)']);
    await lab.waitFor('the slow query', 20_000, async () => {
      const active =
        "select count(*) from pg_stat_activity where query like 'select pg_sleep(30)%' and state = 'active'";
      return (await lab.run('client', [...psql, '-c', active])) !== '0\n';
    });
    t.match((await slow.stop('SIGINT')).stderr, /canceling statement due to user request/);
  });

  await t.test('pgbench: 8 clients, then a new connection for each transaction', async (t) => {
    const pgbench = 'pgbench -h postgres.test -U postgres';
    await lab.shell('client', `${pgbench} -i -q -s 1 postgres 2>&1`);
    const output = await lab.shell('client', `${pgbench} -n -c 8 -j 2 -t 100 postgres`);
    t.match(output, /number of transactions actually processed: 800\/800/);
    t.match(output, /number of failed transactions: 0 /);
    // pgbench asks for the scale on a connection of its own first; vacuuming is off.
    await countsExactly(t, lab, relayed(101), async () => {
      const select = await lab.shell('client', `${pgbench} -n -S -C -c 4 -t 25 postgres`);
      t.match(select, /number of transactions actually processed: 100\/100/);
    });
  });

  await t.test(
    'mariadb: the server speaks first, undeclared, and only the first connection waits for that',
    async (t) => {
      const client = ['mariadb', '--no-defaults', '-h', 'mariadb.test', '-ushop', '-psecret', '-N', 'shop'];
      const measure = new URL('support/programs/measure-banner.ts', import.meta.url).pathname;
      const banner = async (host: string): Promise<number[]> => {
        const output = await lab.run(host, [
          process.execPath,
          measure,
          host === 'server' ? '127.0.0.1' : 'mariadb.test',
          '3306',
          '6',
        ]);
        return output.trim().split('\n').map(Number);
      };
      const direct = await banner('server');
      await countsExactly(t, lab, relayed(6, 'server-first'), async () => {
        const [first = 0, ...others] = await banner('client');
        t.comment(`direct ${direct.join(' ')} ms; through both agents ${first} then ${others.join(' ')} ms`);
        t.ok(first >= 20 && first < 150, `the first waits 10 ms at each of the two agents: ${first} ms`);
        const added = median(others) - median(direct);
        t.ok(added < 5, `then nobody waits any more: ${added.toFixed(2)} ms more than without agents`);
      });
      await countsExactly(t, lab, relayed(3, 'server-first'), async () => {
        await lab.run('client', [...client, '-e', 'create table t (n int, b longtext)']);
        await lab.run('client', [...client, '-e', "insert into t select seq, repeat('x', 2000000) from seq_1_to_10"]);
        t.equal(await lab.run('client', [...client, '-e', 'select count(*), sum(length(b)) from t']), '10\t20000000\n');
      });
      const length = await lab.shell('client', `${client.join(' ')} -e 'select b from t' | wc -c`);
      t.equal(length, '20000010\n', '20 MB came whole');
    },
  );

  await t.test('both agents are sound at the end', async (t) => assertSound(t, lab, ['client', 'server']));
});

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
