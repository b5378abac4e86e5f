/** What a host's credentials can do, on both servers: all that an agent needs, and nothing of anybody else. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { agentReplySchema, statusReplySchema } from '../../src/contract/messages.ts';
import { ORDERS, route, startAgent, until, workload } from './support/mesh.ts';
import { SERVERS, startSecuredMesh } from './support/secured.ts';

t.setTimeout(150_000);

for (const [name, program] of SERVERS) {
  t.test(`with ${name} nats-server`, async (t) => {
    const mesh = await startSecuredMesh(program);
    t.teardown(() => mesh.dispose());
    const ask = async (command: string, body: string) => {
      const reply = await mesh.admin.request(`towpath.v1.default.${command}`, body, 5_000);
      t.equal(reply.header('Nats-Service-Error'), '', command);
      return JSON.parse(reply.text());
    };
    await ask('control.resource.apply', `${ORDERS}---${route('1s')}`);
    const access = { a: await mesh.joinHost('a'), b: await mesh.joinHost('b') };

    const agentB = startAgent(mesh.url, 'b', [workload('orders-1', '10.0.0.2')], access.b);
    t.teardown(() => agentB.link.stop());

    t.test('an agent does all of its work', async (t) => {
      const agent = startAgent(mesh.url, 'a', [workload('orders-2', '10.0.0.1')], access.a);
      agent.link.demand('shop/orders');
      await until('the view with both endpoints', () => {
        const view = agent.services.get('shop/orders');
        return view?.clusters['shop/orders:80']?.endpoints.length === 2;
      });
      let told = 0;
      agent.link.followGroups(['shop/orders'], () => void told++);
      await until('it is told the probes of its groups', () => told > 0);
      await ask('control.resource.apply', route('2s'));
      await until('it acknowledges', async () => {
        const { agents } = statusReplySchema.parse(await ask('control.mesh.status', ''));
        return (
          agents.map((one) => agentReplySchema.parse(one)).every(({ state }) => state === 'SYNCED') &&
          agents.length === 2
        );
      });
      t.match(await ask('agent.a.status', ''), { host: 'a' });
      t.match(await ask('agent.a.explain', '{"x":1}'), { asked: { x: 1 } });
      t.match(await ask('agent.a.resync', ''), { ok: true });
      const pings = await mesh.admin.requestMany('towpath.v1.default.agents.ping', '', 500);
      t.same(pings.map((one) => JSON.parse(one.text()).host).sort(), ['a', 'b'], 'questions to all agents');
      const micro = await mesh.admin.requestMany('$SRV.PING', '', 500);
      t.same(micro.map((one) => JSON.parse(one.text()).id).sort(), ['a', 'b', 'test'], 'nats micro ls');
      t.match(JSON.parse((await mesh.admin.request('$SRV.INFO.towpath-agent.a', '', 10_000)).text()), { id: 'a' });
      await agent.link.stop();
      await until('its endpoint is withdrawn', () => agentB.link.stats().connected);
      await until('and gone from the store', async () => !(await keys('towpath_lease')).includes('a'));
      t.same(await keys('towpath_endpoint'), ['b.shop.orders-1']);
    });

    const keys = async (bucket: string): Promise<string[]> =>
      (await mesh.admin.bucket(bucket).list()).map(({ key }) => key).sort();
    const logged = async (): Promise<number> => (await mesh.admin.records('TOWPATH_LOG').range())?.last ?? 0;
    /** Everything that is stored, without the lease that is renewed meanwhile. */
    const stored = async (): Promise<string> => {
      const lists = await Promise.all(
        ['config', 'view', 'endpoint', 'status', 'join'].map((one) => mesh.admin.bucket(`towpath_${one}`).list()),
      );
      const log = await logged();
      return lists
        .flat()
        .map(({ key, data }) => `${key} ${Buffer.from(data).toString()}`)
        .sort()
        .join('\n')
        .concat(`\nlog ${log}`);
    };

    t.test('a stolen credential cannot read or write what is another host\u2019s', async (t) => {
      const before = await stored();
      const stolen = await mesh.bus(access.a, 'a');
      t.teardown(() => stolen.close());
      for (const subject of FOREIGN_SUBJECTS) {
        await t.rejects(stolen.request(subject, '', 10_000), { code: 'denied' }, `asks on ${subject}`);
      }
      const listener = await mesh.client(access.a, 'a');
      t.teardown(() => listener.close());
      for (const subject of FOREIGN_HEARING) {
        const refusal = new Promise<string>((resolve) => {
          listener.subscribe(subject, { callback: (error) => resolve(error === null ? 'heard' : error.name) });
        });
        const patience = sleep(20_000, 'allowed', { ref: false });
        t.equal(await Promise.race([refusal, patience]), 'PermissionViolationError', `hears ${subject}`);
      }
      t.equal(await stored(), before);
    });

    t.test('an operator taps: one question is answered many times', async (t) => {
      agentB.tap = async ({ tap }, say) => {
        for (let i = 0; i < 40; i++) say(`${tap} ${i}`);
      };
      for (const subject of [`${P}.agent.b.tap`, `${P}.agents.tap`]) {
        const heard: string[] = [];
        await mesh.admin.requestEach(subject, '{"tap":"t"}', 1_500, (reply) => void heard.push(reply.text()));
        t.same(
          heard,
          Array.from({ length: 40 }, (_, i) => `t ${i}`),
          subject,
        );
      }
    });

    t.test('it logs under its own name, and cannot read that either', async (t) => {
      const logger = await mesh.bus(access.a, 'a');
      t.teardown(() => logger.close());
      const before = await logged();
      await logger.append(`${P}.log.a`, 'a line\n', 'one', { 'Towpath-Lines': '1' });
      await logger.append(`${P}.log.a`, 'a line\n', 'one', { 'Towpath-Lines': '1' });
      t.equal(await logged(), before + 1, 'once for each id');
      await t.rejects(logger.records('TOWPATH_LOG').read(before + 1), { code: 'denied' });
    });

    t.test('answers that are sent elsewhere change nothing there', async (t) => {
      const before = await stored();
      const views = agentB.link.stats().counters;
      const stolen = await mesh.client(access.a, 'a');
      t.teardown(() => stolen.close());
      const view = '$JS.API.DIRECT.GET.KV_towpath_view.$KV.towpath_view.';
      await mesh.admin.bucket('towpath_view').put('svc.shop.gone', '{}');
      await mesh.admin.bucket('towpath_view').remove('svc.shop.gone', null);
      for (const target of TARGETS) {
        for (const source of [
          '$KV.towpath_lease.a',
          `${view}svc.shop.orders`,
          `${view}svc.shop.gone`,
          `${view}svc.shop.none`,
        ]) {
          stolen.publish(source, '', { reply: target });
        }
      }
      await stolen.flush();
      await sleep(300);
      t.equal(await stored(), before);
      t.equal(agentB.link.stats().counters.reconnects, views.reconnects);
      t.same(
        (await keys('towpath_lease')).filter((key) => key === 'b'),
        ['b'],
        'b is still there',
      );
      t.ok((await mesh.admin.bucket('towpath_config').mark())?.created, 'no stream was deleted');
    });

    t.test('nobody gets in without credentials, or in clear', async (t) => {
      const settings = { servers: [mesh.url], name: 'test', inboxId: 'x', reads: 'direct' } as const;
      const { connectOnce } = await import('../../src/contract/open-bus.ts');
      await t.rejects(
        connectOnce({ ...settings, credentialsFile: null, caFile: mesh.caFile }, 2_000),
        /Authorization/i,
      );
      await t.rejects(
        connectOnce({ ...settings, ...access.a, caFile: null }, 2_000),
        /certificate|self.signed/i,
        'a CA that is not ours',
      );
    });

    t.test('after a restart of the server everybody is back', async (t) => {
      await mesh.restartServer();
      await until('b is connected', () => agentB.link.stats().connected);
      // The operator's own connection was for one dial.
      const again = await mesh.bus({ credentialsFile: `${mesh.directory}/admin.creds`, caFile: mesh.caFile }, 'again');
      t.teardown(() => again.close());
      await until('control answers', () =>
        again.request(`${P}.control.mesh.status`, '', 10_000).then(
          () => true,
          () => false,
        ),
      );
      t.pass();
    });
  });
}

const P = 'towpath.v1.default';
const FOREIGN_SUBJECTS = [
  '$KV.towpath_lease.b',
  '$KV.towpath_endpoint.b.shop.orders-1',
  '$KV.towpath_endpoint.a',
  '$KV.towpath_config.Service.shop.orders',
  '$KV.towpath_view.svc.shop.orders',
  '$KV.towpath_join.host.b',
  '$KV.towpath_status.x',
  '$KV.towpath_lock.leader',
  '$KV.towpath_trust.ca',
  '$KV.towpath_quota.x',
  `${P}.ack.b`,
  `${P}.met.b`,
  `${P}.log.b`,
  `${P}.log.a.x`,
  `${P}.agent.b.status`,
  `${P}.agent.b.loglevel`,
  `${P}.agent.a.tap`,
  `${P}.agent.b.tap`,
  `${P}.agents.tap`,
  `${P}.agents.ping`,
  `${P}.agents.register`,
  `${P}.controls.ping`,
  `${P}.control.resource.apply`,
  `${P}.control.resource.get`,
  `${P}.control.mesh.backup`,
  `${P}.control.token.create`,
  `${P}.control.host.revoke`,
  `${P}.control.group.get.b`,
  `${P}.control.identity.renew.b`,
  `${P}.control.cert.sign.b`,
  `${P}.control.cert.trust.b`,
  `${P}.control.cert.show`,
  `${P}.control.cert.rotate`,
  `${P}.control.quota.lease.b`,
  `${P}.control.quota.callers`,
  `${P}.join.abc`,
  `${P}.view.svc.shop.orders`,
  `${P}.audit.resource`,
  '$JS.API.INFO',
  '$JS.API.STREAM.NAMES',
  '$JS.API.STREAM.INFO.KV_towpath_view',
  '$JS.API.STREAM.DELETE.KV_towpath_lease',
  '$JS.API.STREAM.PURGE.KV_towpath_endpoint',
  '$JS.API.STREAM.MSG.GET.KV_towpath_endpoint',
  '$JS.API.STREAM.MSG.DELETE.KV_towpath_endpoint',
  '$JS.API.STREAM.UPDATE.KV_towpath_config',
  '$JS.API.STREAM.CREATE.mine',
  '$JS.API.CONSUMER.CREATE.KV_towpath_endpoint',
  '$JS.API.CONSUMER.CREATE.KV_towpath_endpoint.c.$KV.towpath_endpoint.b.>',
  '$JS.API.CONSUMER.DURABLE.CREATE.KV_towpath_view.c',
  '$JS.API.STREAM.INFO.TOWPATH_LOG',
  '$JS.API.STREAM.PURGE.TOWPATH_LOG',
  '$JS.API.STREAM.MSG.GET.TOWPATH_LOG',
  '$JS.API.DIRECT.GET.TOWPATH_LOG',
  `$JS.API.DIRECT.GET.TOWPATH_LOG.${P}.log.a`,
  '$JS.API.CONSUMER.CREATE.TOWPATH_LOG',
  `$JS.API.CONSUMER.CREATE.TOWPATH_LOG.c.${P}.log.a`,
  '$JS.API.CONSUMER.DURABLE.CREATE.TOWPATH_LOG.c',
  '$JS.API.CONSUMER.MSG.NEXT.TOWPATH_LOG.towpath-otlp',
  '$JS.ACK.TOWPATH_LOG.towpath-otlp.1.1.1.1.1',
  '$JS.API.DIRECT.GET.KV_towpath_view',
  '$JS.API.DIRECT.GET.KV_towpath_endpoint.$KV.towpath_endpoint.b.shop.orders-1',
  '$JS.API.DIRECT.GET.KV_towpath_config.$KV.towpath_config.Service.shop.orders',
  '$JS.API.DIRECT.GET.KV_towpath_join.$KV.towpath_join.host.b',
  '$JS.API.DIRECT.GET.KV_towpath_view.$KV.towpath_view.host.b',
  '$JS.API.DIRECT.GET.KV_towpath_lease.$KV.towpath_lease.b',
  '$JS.API.DIRECT.GET.KV_towpath_trust.$KV.towpath_trust.ca',
  '$JS.API.STREAM.MSG.GET.TOWPATH_AUDIT',
  '$JS.API.STREAM.PURGE.TOWPATH_AUDIT',
  '$JS.API.CONSUMER.CREATE.TOWPATH_AUDIT',
  '$SYS.REQ.SERVER.PING',
  '$SYS.REQ.CLAIMS.UPDATE',
  '$SRV.PING',
];
const FOREIGN_HEARING = [
  '>',
  '*.>',
  '_INBOX.>',
  '_INBOX.b.>',
  '_INBOX.operator.>',
  '$KV.>',
  '$JS.>',
  '$SYS.>',
  '_R_.>',
  `${P}.>`,
  `${P}.agent.b.*`,
  `${P}.agent.*.*`,
  `${P}.agent.b.tap`,
  `${P}.ack.*`,
  `${P}.log.>`,
  `${P}.log.*`,
  `${P}.log.a`,
  `${P}.endpoint.>`,
  `${P}.lease.*`,
  `${P}.config.>`,
  `${P}.view.>`,
  `${P}.view.host.b`,
  `${P}.view.host.*`,
  `${P}.control.>`,
  `${P}.join.*`,
  `${P}.audit.>`,
  `${P}.met.*`,
  `${P}.met.b`,
  `${P}.quota.>`,
  `${P}.trust.>`,
  `${P}.control.cert.sign.b`,
  '$SRV.PING.towpath-control',
  '$SRV.PING.towpath-agent.b',
];
/** Reply subjects that a client may name for its questions: NATS does not ask whether it may publish there. */
const TARGETS = [
  `${P}.log.b`,
  '$KV.towpath_lease.b',
  '$KV.towpath_endpoint.b.shop.orders-1',
  '$KV.towpath_config.Service.shop.orders',
  '$KV.towpath_view.svc.shop.orders',
  '$KV.towpath_join.host.b',
  '$JS.API.STREAM.PURGE.KV_towpath_config',
  '$JS.API.STREAM.DELETE.KV_towpath_config',
  `${P}.ack.b`,
  `${P}.agent.b.resync`,
  `${P}.agents.register`,
  `${P}.view.svc.shop.orders`,
  `${P}.control.resource.delete`,
];
