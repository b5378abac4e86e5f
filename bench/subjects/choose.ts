/** Who takes part in a run, and who cannot: nobody is left out silently. */
import { isInstalled } from '../place/programs.ts';
import type { Upstream } from '../place/upstream.ts';
import type { Row } from '../rows.ts';
import { Direct } from './direct.ts';
import { envoy } from './envoy.ts';
import { haproxy } from './haproxy.ts';
import { nghttpx } from './nghttpx.ts';
import { nginx } from './nginx.ts';
import { Peer, type PeerPlace, type PeerShape } from './peer.ts';
import type { ProxyName, Subject } from './subject.ts';
import { Towpath } from './towpath.ts';

const SHAPES: Readonly<Partial<Record<ProxyName, (place: PeerPlace) => PeerShape>>> = {
  haproxy,
  nginx,
  nghttpx,
  envoy,
};

/** @param pinned command that places a process on the proxy's core */
export function chooseSubjects(
  peers: readonly ProxyName[],
  place: PeerPlace,
  pinned: readonly string[],
): { readonly towpath: Towpath; readonly subjects: Subject[]; readonly gaps: string[] } {
  const all = peers.flatMap((name): Peer[] => {
    const shape = SHAPES[name];
    return shape === undefined ? [] : [new Peer(shape(place), pinned)];
  });
  const here = all.filter(({ program }) => isInstalled(program));
  const gaps = all
    .filter((peer) => !here.includes(peer))
    .map(({ name, program }) => `${name}: the program ${program} is not installed (scripts/setup.sh bench says why)`);
  const towpath = new Towpath(place.folder, place.certificate, pinned);
  return { towpath, subjects: [towpath, ...here, new Direct()], gaps };
}

/** A peer that does not come up is a failure, and the others go on. @throws Error when Towpath itself does not come up */
export async function startSubjects(
  subjects: readonly Subject[],
): Promise<{ readonly subjects: Subject[]; readonly failures: string[] }> {
  const started: Subject[] = [];
  const failures: string[] = [];
  for (const subject of subjects) {
    try {
      await subject.start();
      started.push(subject);
    } catch (error) {
      await subject.stop();
      if (subject.name === 'towpath') throw error;
      failures.push(`${subject.name}: ${(error as Error).message}`);
    }
  }
  return { subjects: started, failures };
}

export async function stopSubjects(subjects: readonly Subject[]): Promise<void> {
  for (const subject of subjects.toReversed()) await subject.stop();
}

/** What is not compared in which row, and why. */
export function findGaps(rows: readonly Row[], subjects: readonly Subject[], upstream: Upstream): string[] {
  return rows.flatMap((row) => {
    const reason = upstream.cannot(row.work);
    if (reason !== null) return [`${row.name}: ${reason}`];
    return subjects.flatMap((subject) => {
      const lack = subject.cannot(row.work);
      return lack === null ? [] : [`${row.name}, ${subject.name}: ${lack}`];
    });
  });
}
