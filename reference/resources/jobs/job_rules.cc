#include "reference/resources/jobs/job_rules.h"

#include "reference/api/codec/json.h"
#include "reference/resources/jobs/policy_rules.h"
#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"

namespace plumb::resources {
namespace {

constexpr std::int32_t most_parallel_indexed = 100'000, most_failed_indexes = 100'000;
// Above that many completions, what a status lists has to be kept short.
constexpr std::int32_t many_completions = 100'000, most_of_many = 10'000;
constexpr std::size_t longest_manager = 63;

// Characters of a path in a URL, as RFC 3986 has them.
constexpr std::string_view path_form = R"([A-Za-z0-9/\-._~%!$&'()*+,;=:]+)";
bool is_path_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("/-._~%!$&'()*+,;=:").find(c) != std::string_view::npos;
}

void check_domain_prefixed_path(std::string_view value, const FieldPath& path, FieldErrors& errors) {
  if (value.empty()) return errors.required(path);
  const std::size_t slash = value.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == value.size())
    return errors.invalid(path, quoted(value), "must be a domain-prefixed path (such as \"acme.io/foo\")");
  const std::string_view host = value.substr(0, slash), rest = value.substr(slash + 1);
  check_text(api::check_dns1123_subdomain(host), path, host, errors);
  for (const char c : rest)
    if (!is_path_character(c)) return errors.invalid(path, quoted(rest), "Invalid path (regex used for validation is '" + std::string(path_form) + "')");
}

void check_numbers(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const auto nonnegative = [&](const auto& value, std::string_view name) {
    if (value) check_nonnegative(*value, path.child(name), errors);
  };
  nonnegative(spec.parallelism, "parallelism");
  nonnegative(spec.completions, "completions");
  nonnegative(spec.activeDeadlineSeconds, "activeDeadlineSeconds");
  nonnegative(spec.backoffLimit, "backoffLimit");
  nonnegative(spec.ttlSecondsAfterFinished, "ttlSecondsAfterFinished");
  nonnegative(spec.backoffLimitPerIndex, "backoffLimitPerIndex");
  nonnegative(spec.maxFailedIndexes, "maxFailedIndexes");
  if (spec.maxFailedIndexes && !spec.backoffLimitPerIndex)
    errors.required(path.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
}

void check_indexed(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const auto at_most = [&](const api::Opt<std::int32_t>& value, std::int32_t limit, std::string_view name, const std::string& detail) {
    if (value && *value > limit) errors.invalid(path.child(name), std::to_string(*value), "must be less than or equal to " + detail);
  };
  if (!spec.completions) errors.required(path.child("completions"), "when completion mode is Indexed");
  at_most(spec.parallelism, most_parallel_indexed, "parallelism", std::to_string(most_parallel_indexed) + " when completion mode is Indexed");
  if (spec.completions) at_most(spec.maxFailedIndexes, *spec.completions, "maxFailedIndexes", "completions");
  at_most(spec.maxFailedIndexes, most_failed_indexes, "maxFailedIndexes", std::to_string(most_failed_indexes));
  if (!spec.backoffLimitPerIndex || spec.completions.value_or(0) <= many_completions) return;
  const std::string detail = std::to_string(most_of_many) + " when completions are above " + std::to_string(many_completions) + " and used with backoff limit per index";
  if (!spec.maxFailedIndexes)
    errors.required(path.child("maxFailedIndexes"), "must be specified when completions is above " + std::to_string(many_completions));
  at_most(spec.parallelism, most_of_many, "parallelism", detail);
  at_most(spec.maxFailedIndexes, most_of_many, "maxFailedIndexes", detail);
}

void check_not_indexed(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  constexpr std::string_view detail = "requires indexed completion mode";
  if (spec.backoffLimitPerIndex) errors.invalid(path.child("backoffLimitPerIndex"), std::to_string(*spec.backoffLimitPerIndex), detail);
  if (spec.maxFailedIndexes) errors.invalid(path.child("maxFailedIndexes"), std::to_string(*spec.maxFailedIndexes), detail);
  if (spec.successPolicy) errors.invalid(path.child("successPolicy"), api::to_json(*spec.successPolicy), detail);
}

void check_restart_policy(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const auto& policy = spec.template_.spec.restartPolicy;
  if (policy.empty() || policy == "Always") {
    errors.required(path, "valid values: \"OnFailure\", \"Never\"");
  } else if (policy != "OnFailure" && policy != "Never") {
    errors.not_supported(path, quoted(policy), {"OnFailure", "Never"});
  } else if (spec.podFailurePolicy && policy != "Never") {
    errors.invalid(path, quoted(policy), "only \"Never\" is supported when podFailurePolicy is specified");
  }
}

}  // namespace

bool is_indexed(const batchv1::JobSpec& spec) { return spec.completionMode && *spec.completionMode == batchv1::IndexedCompletion; }

void check_job_spec(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  check_numbers(spec, path, errors);
  if (spec.managedBy) {
    check_domain_prefixed_path(*spec.managedBy, path.child("managedBy"), errors);
    if (spec.managedBy->size() > longest_manager) errors.too_long(path.child("managedBy"), longest_manager);
  }
  is_indexed(spec) ? check_indexed(spec, path, errors) : check_not_indexed(spec, path, errors);
  if (spec.podFailurePolicy) check_failure_policy(spec, path.child("podFailurePolicy"), errors);
  if (spec.successPolicy && is_indexed(spec)) check_success_policy(spec, path.child("successPolicy"), errors);
  if (spec.podReplacementPolicy && spec.podFailurePolicy && *spec.podReplacementPolicy != batchv1::Failed)
    errors.not_supported(path.child("podReplacementPolicy"), quoted(*spec.podReplacementPolicy), {"Failed"});
  check_pod_template(spec.template_, path.child("template"), errors);
  check_restart_policy(spec, path.child("template").child("spec").child("restartPolicy"), errors);
}

}  // namespace plumb::resources
