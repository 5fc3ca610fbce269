/** One way the front refuses or fails without asking a router. */
interface ErrorAnswer {
  readonly status: number;
  /** Statuses of nginx that are answered like this, if there are others than {@link status}. */
  readonly from?: readonly number[];
  readonly type: "invalid_request_error" | "rate_limit_error" | "server_error";
  readonly code: string | null;
  readonly message: string;
  readonly header?: string;
}

/** In the words OpenAI's clients read. The texts stand between single quotes in nginx.conf: no `'`, no `$`. */
const ERRORS: readonly ErrorAnswer[] = [
  {
    status: 400,
    // Too long a request line, and 494: too large a header.
    from: [400, 414, 494],
    type: "invalid_request_error",
    code: null,
    message: "The request is not valid HTTP, or its header is too large.",
  },
  {
    status: 401,
    type: "invalid_request_error",
    code: "invalid_api_key",
    message: "The API key is missing or wrong. Send it in a header: Authorization: Bearer KEY.",
    header: `WWW-Authenticate 'Bearer realm="vllm"'`,
  },
  {
    status: 404,
    type: "invalid_request_error",
    code: "unknown_url",
    message: "There is nothing at this path. The API is below /v1.",
  },
  { status: 405, type: "invalid_request_error", code: null, message: "The method is not allowed here." },
  { status: 408, type: "invalid_request_error", code: null, message: "The request did not arrive in time." },
  {
    status: 413,
    type: "invalid_request_error",
    code: "request_too_large",
    message: "The body is larger than this endpoint takes (access.maxBodyMiB).",
  },
  {
    status: 429,
    type: "rate_limit_error",
    code: "rate_limit_exceeded",
    message: "This API key has sent more requests than it may in a minute.",
    header: "Retry-After $front_retry_after",
  },
  { status: 500, type: "server_error", code: null, message: "The front failed. Its log says why." },
  {
    status: 502,
    type: "server_error",
    code: "router_unreachable",
    message: "The router of this model does not answer. Try again in some seconds.",
  },
  {
    status: 503,
    type: "server_error",
    code: "router_unavailable",
    message: "The router of this model is not available. Try again in some seconds.",
  },
  {
    status: 504,
    type: "server_error",
    code: "timeout",
    message: "The model did not answer within the time this endpoint allows (router.requestTimeoutSeconds).",
  },
];

/**
 * Directives that answer nginx's own errors in JSON. What a router or an engine answers is never replaced.
 *
 * @param rateLimited whether any key has a limit; without one nothing defines when to come back
 */
export function errorPages(rateLimited: boolean): string[] {
  return ERRORS.filter(({ status }) => status !== 429 || rateLimited).flatMap((error) => {
    const { status, from = [status], type, code, message, header } = error;
    const body = JSON.stringify({ error: { message, type, param: null, code } });
    return [
      `error_page ${from.join(" ")} = @error_${status};`,
      `location @error_${status} {`,
      // add_header is not inherited by a level that has one of its own.
      ...(header === undefined
        ? []
        : [`  add_header ${header} always;`, "  add_header X-Request-Id $front_request_id always;"]),
      `  return ${status} '${body}';`,
      "}",
    ];
  });
}
