/** Enrolment by a token: a board is waited for, and registers itself with the key that it made. */
export {
  cancelEnrolment,
  type EnrolmentRow,
  findEnrolment,
  listEnrolments,
  openEnrolment,
  redeemEnrolment,
  refused,
  sweepEnrolments,
} from "./registry.ts";
