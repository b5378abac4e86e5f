/** Memory of all proxies, one after the other; none of them may be running. */
import type { Subject } from '../subjects/subject.ts';
import { type Memory, measureMemory } from './measure-memory.ts';

/** What one takes, about: two starts, and opening 7,000 connections twice. */
export const MEMORY_SECONDS = 22;

export async function measureMemories(
  subjects: readonly Subject[],
  progress: (sentence: string) => void,
): Promise<{ readonly memories: Memory[]; readonly failures: string[] }> {
  const memories: Memory[] = [];
  const failures: string[] = [];
  for (const subject of subjects.filter(({ name }) => name !== 'none')) {
    progress(`memory: ${subject.name}, about ${MEMORY_SECONDS} s`);
    try {
      memories.push(await measureMemory(subject));
    } catch (error) {
      failures.push(`memory, ${subject.name}: ${(error as Error).message}`);
    }
  }
  return { memories, failures };
}
