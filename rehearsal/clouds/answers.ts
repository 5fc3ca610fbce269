import grpc from "@grpc/grpc-js";
import anys from "google-protobuf/google/protobuf/any_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";

import type { CheckResult, DiffResult, Difference, ReadResult } from "./provider.ts";
import type { Secrets } from "./secrets.ts";
import { encodeStruct } from "./structs.ts";
import { formatPath } from "./values.ts";

/** An answer to the engine that is an error. */
export type ErrorAnswer = Partial<grpc.StatusObject>;

/** The inputs as they were completed, and what is wrong with them. */
export function checkAnswer(result: CheckResult, secrets: Secrets): proto.CheckResponse {
  const answer = new proto.CheckResponse();
  answer.setInputs(encodeStruct(result.inputs, secrets));
  for (const { path, reason } of result.failures ?? []) {
    const failure = new proto.CheckFailure();
    failure.setProperty(formatPath(path));
    failure.setReason(secrets.redact(reason));
    answer.addFailures(failure);
  }
  return answer;
}

const KINDS = {
  add: [proto.PropertyDiff.Kind.ADD, proto.PropertyDiff.Kind.ADD_REPLACE],
  delete: [proto.PropertyDiff.Kind.DELETE, proto.PropertyDiff.Kind.DELETE_REPLACE],
  update: [proto.PropertyDiff.Kind.UPDATE, proto.PropertyDiff.Kind.UPDATE_REPLACE],
} as const satisfies Record<Difference["kind"], readonly [proto.PropertyDiff.Kind, proto.PropertyDiff.Kind]>;

/** The differences, in detail and by top-level property, as the engine shows the one and decides by the other. */
export function diffAnswer(result: DiffResult): proto.DiffResponse {
  const answer = new proto.DiffResponse();
  const { DIFF_SOME, DIFF_NONE } = proto.DiffResponse.DiffChanges;
  answer.setChanges(result.differences.length > 0 ? DIFF_SOME : DIFF_NONE);
  answer.setDeletebeforereplace(result.deleteBeforeReplace ?? false);
  answer.setHasdetaileddiff(true);
  for (const { path, kind, replaces } of result.differences) {
    const difference = new proto.PropertyDiff();
    difference.setKind(KINDS[kind][replaces ? 1 : 0]);
    // Old and new inputs are what the engine can show; the values of outputs are not what the user wrote.
    difference.setInputdiff(true);
    answer.getDetaileddiffMap().set(formatPath(path), difference);
    const [property] = path;
    if (property === undefined) continue;
    answer.addDiffs(String(property));
    if (replaces) answer.addReplaces(String(property));
  }
  return answer;
}

/** An error whose answer to the engine is made already. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
  readonly answer: ErrorAnswer;

  constructor(message: string, metadata = new grpc.Metadata()) {
    super(message);
    this.answer = { code: grpc.status.UNKNOWN, details: message, metadata };
  }
}

/** The error by which the engine learns that a resource exists although the operation failed. */
export function initFailed(result: ReadResult, reasons: readonly string[], secrets: Secrets): AnswerError {
  const detail = new proto.ErrorResourceInitFailed();
  detail.setId(result.id);
  detail.setProperties(encodeStruct(result.outputs, secrets));
  detail.setInputs(encodeStruct(result.inputs, secrets));
  detail.setReasonsList(reasons.map((reason) => secrets.redact(reason)));
  const packed = new anys.Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const message = secrets.redact(reasons.join("\n"));
  const status = new statuses.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(message);
  status.addDetails(packed);
  const metadata = new grpc.Metadata();
  // The header in which gRPC carries structured details beside a status; grpc-js has no API for it.
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return new AnswerError(message, metadata);
}
