import t from 'tap';
import { wantedRoutes } from '../../../src/intercept/routes.ts';

t.test('virtual ranges become routes of their family, as `ip route` prints them', async (t) => {
  const ranges = ['240.240.0.0/16', '240.9.9.9', 'fd00:240::/32', '10.1.2.3/8'];
  t.same(wantedRoutes('v4', ranges), ['240.240.0.0/16', '240.9.9.9', '10.0.0.0/8']);
});
