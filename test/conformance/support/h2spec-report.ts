/** Reads h2spec's JUnit report. */

export interface H2specCase {
  /** Section and title, such as `http2/5.1 idle: Sends a DATA frame`. */
  readonly name: string;
  /** What h2spec expected and got; null = it passed. */
  readonly failure: string | null;
}

/** Cases in the report's order. Titles are attributes, so they hold no quotes and no brackets but as entities. */
export function readReport(xml: string): readonly H2specCase[] {
  const pattern = /<testcase package="([^"]*)" classname="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g;
  return [...xml.matchAll(pattern)].map(([, section = '', title = '', inner = '']) => ({
    name: unescapeXml(`${section} ${title}`),
    failure: inner.trim() === '' ? null : unescapeXml(inner.replace(/<[^>]*>/g, ' ').trim()),
  }));
}

function unescapeXml(text: string): string {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replace(/&#(\d+);/g, (_, digits: string) => String.fromCodePoint(Number(digits)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&apos;/g, "'")
    .replace(/&amp;/g, '&');
}
