import t from 'tap';
import {
  clientAddress,
  endpointAddress,
  formatAddress,
  listenerAddress,
  originalDestination,
} from '../../../src/core/address.ts';

t.test('an address is written as programs write it', (t) => {
  t.equal(formatAddress({ ip: '10.0.0.1', port: 80 }), '10.0.0.1:80');
  t.equal(formatAddress({ ip: 'fd00::1', port: 443 }), '[fd00::1]:443');
  t.end();
});

t.test('a brand changes nothing of the address itself', (t) => {
  const address = { ip: '10.0.0.1', port: 80 };
  for (const brand of [clientAddress, endpointAddress, listenerAddress, originalDestination])
    t.equal(brand(address), address);
  t.end();
});
