"""Why something was refused, held, excepted or parked. A closed list; each sentence is for the person who must act."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """A reason code, as on the wire, and ``sentence``: what to do about it."""

    sentence: str

    def __new__(cls, code: str, sentence: str) -> Reason:
        member = str.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        return member

    # A record that cannot be read: parked, bytes kept.
    EMPTY = "empty", "The record has no bytes. Send the message again with its JSON value."
    TOMBSTONE = (
        "tombstone",
        "The record's value is null. A null deletes nothing here; withdraw with WithdrawRequest.",
    )
    UNDECODABLE = (
        "undecodable",
        "The value is not complete JSON. Check how it was cut or encoded and send it again.",
    )
    ENCODING = "encoding", "The value is not plain UTF-8 without byte order mark or NUL. Send it as UTF-8."
    SHAPE = "shape", "The value is JSON but not an object. Send one message object per record."
    DUPLICATE_KEY = "duplicate_key", "A field stands twice in the same object. Send each field once."
    LIMITS = (
        "limits",
        "The value is too deep, too wide or has a number too long. Send it within the published limits.",
    )
    OVERSIZE = (
        "oversize",
        "The record is larger than the topic allows. Send fewer lines or attachments by reference.",
    )
    BREACH = (
        "breach",
        "The record breaks the contract of its own message. The speaking service must be mended.",
    )
    HEADERS = "headers", "The record's headers do not make an envelope. The speaking service must be mended."
    DECISION_FAILED = (
        "decision_failed",
        "Deciding this record failed three times. Look at the named error, mend, then redrive.",
    )
    REFUSED_BY_DATABASE = (
        "refused_by_database",
        "The database refuses what this record asks to store. Mend, then redrive.",
    )
    BEHIND_PARKED = (
        "behind_parked",
        "An earlier record of the same key is parked. It follows when that one is redriven.",
    )
    SAID_OTHERWISE = (
        "said_otherwise",
        "Made again from a restored database, it would say something else than the log. Tried again by itself.",
    )
    UNREGISTERED_PARTNER = (
        "unregistered_partner",
        "No partner is registered for this topic. Register it, then redrive.",
    )

    # A message that is understood and refused.
    UNKNOWN_SCHEMA = (
        "unknown_schema",
        "No message of that type and version exists here. See the published schemas.",
    )
    WRONG_TOPIC = "wrong_topic", "That message does not belong on this topic."
    UNKNOWN_FIELD = "unknown_field", "The field is not part of the message. Remove it or check its spelling."
    MISSING = "missing", "A required field is missing."
    FORMAT = "format", "The field does not have the required form."
    AMOUNT_FORMAT = "amount_format", "Amounts are whole cents as a JSON integer: 12050 for $120.50."
    AMOUNT_RANGE = "amount_range", "The amount must be above zero and at most $99,999,999.99."
    CURRENCY = "currency", "Only USD is paid."
    DATE = "date", "The date does not exist or is not written YYYY-MM-DD."
    FIELD_FORBIDDEN = (
        "field_forbidden",
        "Bank accounts do not travel in requests. Enrol the account through `payees`.",
    )
    STALE = "stale", "The message was made more than 24 hours before it arrived."
    FUTURE = "future", "The message says it was made in the future. Check the sender's clock."
    PRINCIPAL = "principal", "The message names another partner than the topic it came by."
    CONFLICT = (
        "conflict",
        "The same message id came before with another body. Nothing was changed; use a new id.",
    )
    NUMBER_IN_USE = (
        "number_in_use",
        "That request number is in use. Correct it with the next version, or use a new number.",
    )
    STALE_VERSION = "stale_version", "That version or a later one was already received."
    VERSION_GAP = (
        "version_gap",
        "A version before this one has not been received. Send the versions in order.",
    )
    UNKNOWN_REQUEST = "unknown_request", "No such request was received from you. Send the original first."
    TOO_LATE = "too_late", "The payment has left for the bank and cannot be stopped here."
    ALREADY_ENDED = "already_ended", "The request has already ended."
    NOT_OF_THIS_PAYER = "not_of_this_payer", "The partner may not send requests to that payer."
    PAYEE_NOT_YOURS = (
        "payee_not_yours",
        "Your organisation does not act for this provider. Have it added to your organisation, or leave this out.",
    )
    ATTACHMENT_UNKNOWN = (
        "attachment_unknown",
        "No attachment with this SHA-256 has come from you. Send it first, then send the request again.",
    )

    # Files.
    NOT_X12 = (
        "not_x12",
        "The file is not an X12 interchange. It must begin with an ISA segment of 106 characters.",
    )
    ENVELOPE_COUNT = (
        "envelope_count",
        "A control count or number of the file does not agree with its content.",
    )
    GUIDE_VERSION = "guide_version", "The transaction is not an 005010X222A1 or A2 professional claim."
    SEGMENT = "segment", "A segment is missing, misplaced or malformed."
    TRUNCATED = "truncated", "The file ends before its last segment. Send it whole."
    FILE_TOO_LARGE = "file_too_large", "The file is larger than this service accepts. Split it."
    CSV_HEADER = "csv_header", "The header row lacks a required column or has one that is not known."
    CSV_ROW = "csv_row", "The row does not fit the header, or disagrees with the other rows of its claim."

    # A check of the rule catalogue.
    NPI_CHECK_DIGIT = (
        "npi_check_digit",
        "The NPI's check digit is wrong. Check the number for a typing error.",
    )
    TIN_FORMAT = "tin_format", "The TIN is not a number the IRS gives out."
    TIN_MISMATCH = "tin_mismatch", "The TIN is not the one on file for this provider."
    TOTAL_MISMATCH = "total_mismatch", "The total is not the sum of the line charges."
    ZERO_CHARGE = "zero_charge", "A charge of zero cannot be paid."
    SERVICE_DATE_FUTURE = "service_date_future", "A service date lies in the future."
    SERVICE_DATES_REVERSED = "service_dates_reversed", "A line ends before it begins."
    DIAGNOSIS_POINTER = "diagnosis_pointer", "A line points to a diagnosis that is not listed."
    DIAGNOSIS_MISSING = "diagnosis_missing", "A health claim needs at least one diagnosis."
    DIAGNOSIS_REPEATED = "diagnosis_repeated", "A diagnosis is listed twice."
    UNITS = "units", "Units must be above zero."
    PLACE_OF_SERVICE = "place_of_service", "The place of service is missing or not a known code."
    LINE_ID_REPEATED = "line_id_repeated", "Two lines have the same line id."
    LINE_REPEATED = "line_repeated", "Two lines bill the same service on the same day."
    FREQUENCY_REFERENCE = (
        "frequency_reference",
        "A replacement or void must name the payer's claim number of the original.",
    )
    PROGRAMME_UNKNOWN = (
        "programme_unknown",
        "No pack of that programme is in force on the first service day. Name a programme that is paid here.",
    )
    PROVIDER_NOT_ENROLLED = "provider_not_enrolled", "The provider is not enrolled for the service dates."
    RENDERING_PROVIDER = "rendering_provider", "The rendering provider is not known or not active."
    PAYER_UNKNOWN = "payer_unknown", "The payer is not known here."
    NO_CONTRACT = "no_contract", "No contract with this payer is in force on a service date."
    AUTHORISATION_MISSING = (
        "authorisation_missing",
        "The contract requires an authorisation for a service, and none is named.",
    )
    AUTHORISATION_INVALID = (
        "authorisation_invalid",
        "The authorisation does not cover the provider, the member or the dates.",
    )
    AUTHORISATION_UNITS = (
        "authorisation_units",
        "The authorisation has fewer units left than are billed. Have it extended, or correct the units.",
    )
    MEMBER_UNKNOWN = (
        "member_unknown",
        "The payer has no such member. Check the member id on the card, or have the member recorded.",
    )
    NOT_COVERED = "not_covered", "The member is not covered on a service date."
    BENEFIT_NOT_COVERED = (
        "benefit_not_covered",
        "The service is no benefit of the member's plan on its date.",
    )
    LICENCE_EXPIRED = "licence_expired", "The provider's licence had expired on a service date."
    COVERAGE_ENDED = (
        "coverage_ended",
        "The member's coverage was taken back for a day that was covered when the request came in.",
    )
    LICENCE_ENDED = (
        "licence_ended",
        "The provider's licence was recorded later as ended before a service that was licensed when it came in.",
    )
    ENROLMENT_ENDED = (
        "enrolment_ended",
        "The provider's enrolment was recorded later as not covering a service date.",
    )
    CONTRACT_ENDED = (
        "contract_ended",
        "The contract was recorded later as not in force on a service date, and no other is.",
    )
    AUTHORISATION_ENDED = (
        "authorisation_ended",
        "The authorisation was recorded later as not covering a service date.",
    )
    EXCLUDED = (
        "excluded",
        "The provider is on a list of who may not be paid. Nothing is paid until a newer list no longer names them.",
    )
    EXCLUSION_LIST_SHRANK = (
        "exclusion_list_shrank",
        "The list has fewer than 90 % of the entries in force: is it cut off? Send it whole, or say why it shrinks.",
    )
    EXCLUSION_NAME = (
        "exclusion_name",
        "The provider has the name of somebody who may not be paid. Find out whether it is the same before deciding.",
    )
    TIMELY_FILING = "timely_filing", "The request came later than the contract allows."
    DUPLICATE = (
        "duplicate",
        "The same service was billed before. Release it only if it was truly given twice.",
    )
    DUPLICATE_NEAR = (
        "duplicate_near",
        "Nearly the same service was billed before. Compare both; release it only if it is another service.",
    )
    DUPLICATE_SUSPECT = (
        "duplicate_suspect",
        "It may have been billed before, or by somebody else. Compare both before deciding.",
    )
    SUBSCRIBER_MISSING = "subscriber_missing", "The member id or name is missing."
    DATA = "data", "What a rule asks for is not known. A person must look."
    RULE_FAILED_TO_RUN = (
        "rule_failed_to_run",
        "A rule could not be evaluated with the values given. A person must look.",
    )
    MODIFIER = "modifier", "A modifier does not have two characters or is repeated."
    PROCEDURE_CODE = "procedure_code", "A procedure code does not have the form of a HCPCS or CPT code."
    ATTACHMENT_MISSING = "attachment_missing", "A required attachment is missing."

    # Why a person must look, or why an item waits.
    ABOVE_TIER = "above_tier", "The amount is above what this payer lets pay without review."
    NO_PRICE = "no_price", "The contract has no price for a service on its date."
    RULE_ASKS_REVIEW = "rule_asks_review", "A rule asks that a person look at this request."
    RECALLED = "recalled", "The approval was recalled for another look."
    RELEASED_BY_REVIEWER = (
        "released_by_reviewer",
        "A reviewer released an exception; the request is decided by hand.",
    )
    RETURNED_FOR_EDITS = "returned_for_edits", "The reviewer needs edits or proof before deciding."
    DISPUTED = "disputed", "A dispute changed the decision on the version before. A person decides this one."
    FIELD_NOT_ASKED = (
        "field_not_asked",
        "Something was changed that the reviewer did not ask for. Send what was returned, with what was asked mended.",
    )
    EDITS_USED_UP = (
        "edits_used_up",
        "It was mended as often as this payer allows. A reviewer decides about it as it stands.",
    )
    OTHER_ORGANISATION = (
        "other_organisation",
        "It was sent by another organisation, which mends what is returned.",
    )
    DENIED_BY_REVIEWER = "denied_by_reviewer", "The reviewer denied the request."
    RECOVERY_NEEDED = (
        "recovery_needed",
        "The original was sent or paid. Its recovery must be decided first; nothing is paid.",
    )
    CORRECTION = "correction", "A corrected version replaces this one."
    VOID = "void", "The partner voided the request."
    WITHDRAWN = "withdrawn", "The partner withdrew the request."
    NO_ACCOUNT = "no_account", "The payee has no verified bank account. Enrol one."
    ACCOUNT_HELD = "account_held", "The payee's bank account is held. It must be verified or replaced."
    COOLING_OFF = "cooling_off", "The payee's bank account was changed and is not yet payable."
    NAME_NOT_ENCODABLE = (
        "name_not_encodable",
        "The payee's name does not fit a bank file (22 plain characters). Confirm a short name.",
    )
    FIELD_NOT_ENCODABLE = "field_not_encodable", "A value does not fit its field of the bank file."
    AMOUNT_TOO_LARGE = "amount_too_large", "The payment exceeds what one bank entry can hold."
    HELD_BY_ORDER = "held_by_order", "An operator holds this item."
    RETURNED = "returned", "The bank returned the payment. Mend the account, then reissue."
    REFUSED_BY_BANK = "refused_by_bank", "The bank refused the file or the entry. Nothing was paid."
    ACCOUNT_ARRIVED = "account_arrived", "The payee's account became payable."

    # Orders about payments and batches.
    NOT_RETURNED = (
        "not_returned",
        "Only a payment that came back is reissued. Release what the bank refused item by item.",
    )
    ALREADY_REISSUED = (
        "already_reissued",
        "The payment was reissued before. Its items wait, or stand in a newer payment.",
    )
    NOTHING_OWED = (
        "nothing_owed",
        "Nothing of the payment is still owed: its items were stopped, corrected or paid otherwise.",
    )

    ALREADY_REVERSED = (
        "already_reversed",
        "A reversal of the payment was ordered before. There is one for a payment.",
    )
    REVERSAL_WINDOW = (
        "reversal_window",
        "No file reaches the bank within five banking days of settlement. Recover the money by other means.",
    )
    REVERSED = (
        "reversed",
        "The payment was taken back by an entry of ours. Decide what is owed: correct, withdraw or reissue.",
    )
    NOT_WAITING = (
        "not_waiting",
        "The batch does not wait for a release: it pays nothing, is on its way, or has left.",
    )

    # Commands to our own services.
    STALE_ANSWER = (
        "stale_answer",
        "The command answers an event that is no longer the latest. Look again and decide anew.",
    )
    NOTE_BLANK = "note_blank", "The note says nothing. Say why; whoever looks later reads it."
    NOT_ALLOWED_NOW = "not_allowed_now", "The command does not fit the present state."
    OTHER_CHECKS = (
        "other_checks",
        "The release does not name the checks that stopped the request. Look again at what it would override.",
    )
    NOTHING_TO_DISPUTE = (
        "nothing_to_dispute",
        "Nothing was denied or reduced, or it was decided anew since. Ask a question instead.",
    )
    ALREADY_DISPUTED = "already_disputed", "This decision was disputed before. It is disputed once."
    APPEAL_DATE_PASSED = (
        "appeal_date_passed",
        "The last day to dispute the decision has passed.",
    )
    SAME_PERSON = "same_person", "Another person must confirm this."
    UNKNOWN_SUBJECT = "unknown_subject", "Nothing by that id is known here."
    SEAL = "seal", "The sealed account cannot be opened for this payee and sender."
    ACCOUNT_INVALID = "account_invalid", "The routing or account number is not valid."
    STALE_AMOUNT = (
        "stale_amount",
        "The amount, count or account is no longer the one that was shown. Look again and decide anew.",
    )
    ENTRIES_TAKEN_OUT = (
        "entries_taken_out",
        "Payments whose accounts are no longer in order were taken out. Look at what is left and release that.",
    )
    UNSIGNED = "unsigned", "The command carries no signature of a person. Sign it with the person's key."
    SIGNATURE_FORM = (
        "signature_form",
        "The signature has not the one form that counts here: a detached JWS, Ed25519, no key in it.",
    )
    SIGNATURE_ALTERED = (
        "signature_altered",
        "The signature is not of this command: what was signed and what came differ.",
    )
    SIGNATURE_EXPIRED = (
        "signature_expired",
        "The command was not recorded within ten minutes of being signed. Sign it again; check the clock.",
    )
    KEY_UNKNOWN = "key_unknown", "The key is not, or no longer, one of that person's."
    PERSON_INACTIVE = "person_inactive", "The person, or their organisation, may not act any more."
    ROLE_MISSING = (
        "role_missing",
        "The person does not hold the role that this asks for, or not for this payee.",
    )
    ACTOR_DIFFERS = "actor_differs", "The command names another person than the one who signed it."
    REPLAYED = "replayed", "The signed command was heard before. Nothing happens twice; sign a new one."
    STEP_UP_MISSING = (
        "step_up_missing",
        "This needs the person's passkey, over exactly this command.",
    )
    STEP_UP_REFUSED = (
        "step_up_refused",
        "The passkey's answer is not over this command, or not of a passkey of that person.",
    )
    SECOND_PERSON_MISSING = "second_person_missing", "A second person must sign this too."
    RULES_ALTERED = (
        "rules_altered",
        "The files are not those that the hash names. Publish the files that both people looked at.",
    )
    RULES_UNSOUND = (
        "rules_unsound",
        "The rules do not pass their own checks. See 'throughline rules lint', mend them, publish a new version.",
    )
    NOT_OFFERED = "not_offered", "This release does not carry out that command."


class Severity(StrEnum):
    """What a failed rule leads to: denial, Exception, a review, or only a note."""

    DENY = "deny"
    EXCEPTION = "exception"
    REVIEW = "review"
    NOTE = "note"
