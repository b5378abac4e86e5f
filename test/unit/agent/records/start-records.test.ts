import t from 'tap';
import { startRecords } from '../../../../src/agent/records/start-records.ts';
import { Exemplars } from '../../../../src/telemetry/exemplars.ts';
import { RecordFeeds } from '../../../../src/telemetry/records/record-feed.ts';
import { agentOptions } from '../../../helpers/agent-options.ts';

t.test('data threads hear the rules, and end before their records are read for the last time', async (t) => {
  const heard: string[] = [];
  const feeds = new RecordFeeds();
  const { read } = feeds;
  feeds.read = (take) => {
    heard.push('read');
    return read.call(feeds, take);
  };
  const threads = {
    records: feeds,
    post: async (message: { readonly type: string }) => void heard.push(message.type),
    stop: async () => void heard.push('stop'),
  };
  {
    await using undo = new AsyncDisposableStack();
    await startRecords(await agentOptions(t.testdir({})), threads, new Exemplars(), undo);
    t.same(heard.splice(0), ['read', 'telemetry']);
  }
  t.same(heard, ['stop', 'read']);
});
