import type {
  CorsView,
  HeaderEditView,
  MirrorView,
  PathRewriteView,
  RedirectView,
  RewriteView,
} from '../../contract/route-views.ts';
import { assertNever } from '../../core/result.ts';
import type {
  HeaderModifier,
  PathModifier,
  RequestMirror,
  RequestRedirect,
  RouteFilter,
  UrlRewrite,
} from '../route-types.ts';

/** What filters come to, with the names of the views. ExtensionRefs are resolved elsewhere. */
export interface FilterViews {
  readonly requestHeaders: HeaderEditView | null;
  readonly responseHeaders?: HeaderEditView;
  readonly answer?: RedirectView;
  readonly rewrite?: RewriteView;
  readonly mirrors?: readonly MirrorView[];
  readonly cors?: CorsView;
}

type Changing<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Filters of a rule or a backendRef.
 * @param prefix that of the rule's one match, without its trailing slash: what ReplacePrefixMatch replaces.
 * @param compileMirror resolves where copies go; null where none are sent.
 */
export function compileFilters(
  filters: readonly RouteFilter[],
  prefix: string,
  compileMirror: (mirror: RequestMirror) => MirrorView | null,
): FilterViews {
  const views: Changing<FilterViews> = { requestHeaders: null };
  const mirrors: MirrorView[] = [];
  for (const filter of filters) {
    switch (filter.type) {
      case 'RequestHeaderModifier':
        views.requestHeaders = compileEdits(filter.requestHeaderModifier);
        break;
      case 'ResponseHeaderModifier': {
        const edits = compileEdits(filter.responseHeaderModifier);
        if (edits !== null) views.responseHeaders = edits;
        break;
      }
      case 'RequestMirror': {
        const mirror = compileMirror(filter.requestMirror);
        if (mirror !== null) mirrors.push(mirror);
        break;
      }
      case 'RequestRedirect':
        views.answer = compileRedirect(filter.requestRedirect, prefix);
        break;
      case 'URLRewrite':
        views.rewrite = compileRewrite(filter.urlRewrite, prefix);
        break;
      case 'CORS':
        views.cors = filter.cors;
        break;
      case 'ExtensionRef':
        break;
      default:
        assertNever(filter);
    }
  }
  return mirrors.length === 0 ? views : { ...views, mirrors };
}

function compileEdits({ set, add, remove }: HeaderModifier): HeaderEditView | null {
  if (set.length + add.length + remove.length === 0) return null;
  return { set, add, remove: remove.map((name) => name.toLowerCase()) };
}

function compileRedirect({ scheme, hostname, path, port, statusCode }: RequestRedirect, prefix: string): RedirectView {
  return {
    type: 'redirect',
    ...(scheme === undefined ? {} : { scheme }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(port === undefined ? {} : { port }),
    ...(path === undefined ? {} : { path: compilePath(path, prefix) }),
    status: statusCode,
  };
}

function compileRewrite({ hostname, path }: UrlRewrite, prefix: string): RewriteView {
  return {
    ...(hostname === undefined ? {} : { hostname }),
    ...(path === undefined ? {} : { path: compilePath(path, prefix) }),
  };
}

/** A request always has a path, so nothing in its place is the root. */
function compilePath(path: PathModifier, prefix: string): PathRewriteView {
  if (path.type === 'ReplacePrefixMatch') return { type: path.type, prefix, value: path.replacePrefixMatch };
  return { type: path.type, value: path.replaceFullPath === '' ? '/' : path.replaceFullPath };
}
