/** What a record's request is called: by us, and by whoever sent it. */
import { AT_REQUEST, AT_REQUEST_NUMBER, KIND_REQUEST, TEXT_CONNECTION, TEXT_REQUEST_ID } from './record-layout.ts';
import type { RecordView } from './record-view.ts';

/** As in `x-towpath-error`: connection and number of the request on it; a connection's is its own. */
export function ownIdOf(view: RecordView): string {
  const connection = view.text(TEXT_CONNECTION);
  return view.kind === KIND_REQUEST ? `${connection}-${view.int(AT_REQUEST)}` : connection;
}

/** `x-request-id` of the request, which we may have made; '' = it has none. */
export function requestIdOf(view: RecordView): string {
  const number = view.int(AT_REQUEST_NUMBER);
  if (number === 0) return view.text(TEXT_REQUEST_ID);
  return `${view.requestIdPrefix}${(0x1_0000_0000 + (number >>> 0)).toString(16).slice(1)}`;
}
