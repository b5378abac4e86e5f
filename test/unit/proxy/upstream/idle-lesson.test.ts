import t from 'tap';
import { IdleLesson } from '../../../../src/proxy/upstream/idle-lesson.ts';

const LIMIT = 55_000;

t.test('a server of which nothing is known', (t) => {
  const lesson = new IdleLesson();
  t.equal(lesson.keepFor(0, -1, LIMIT), LIMIT);
  t.equal(lesson.unsafeFor(0, -1), 1_000);
  t.end();
});

t.test('what it announces counts, with a margin', (t) => {
  const lesson = new IdleLesson();
  t.equal(lesson.keepFor(0, 5_000, LIMIT), 4_000);
  t.equal(lesson.keepFor(0, 1_000, LIMIT), 500);
  t.equal(lesson.keepFor(0, 0, LIMIT), 0, 'not at all');
  t.equal(lesson.keepFor(0, 3_600_000, LIMIT), LIMIT, 'never longer than we want');
  t.equal(lesson.unsafeFor(0, 5_000), 1_000);
  t.equal(lesson.unsafeFor(0, 1_000), 500);
  t.end();
});

t.test('a server that closes after 10 s of silence without a word is not met in the act', (t) => {
  const lesson = new IdleLesson();
  lesson.observeClose(20_000, 10_000);
  t.equal(lesson.keepFor(20_000, -1, LIMIT), 9_000);
  t.equal(lesson.keepFor(79_999, -1, LIMIT), 9_000);
  t.equal(lesson.keepFor(80_001, -1, LIMIT), LIMIT, 'forgotten after a minute');
  t.end();
});

t.test('a server that closes as it likes gets unsafe requests on the freshest connections only', (t) => {
  const lesson = new IdleLesson();
  lesson.observeClose(0, 40);
  t.equal(lesson.unsafeFor(0, -1), 20);
  lesson.observeClose(10, 6);
  lesson.observeClose(20, 900);
  t.equal(lesson.unsafeFor(20, -1), 3, 'the shortest counts');
  t.equal(lesson.keepFor(20, -1, LIMIT), LIMIT, 'what may be sent again still uses any');
  t.equal(lesson.unsafeFor(60_011, -1), 1_000, 'forgotten');
  lesson.observeClose(70_000, 900);
  t.equal(lesson.unsafeFor(70_000, -1), 450, 'and learned anew');
  t.end();
});
