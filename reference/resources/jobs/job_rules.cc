#include "reference/resources/jobs/job_rules.h"

#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"

namespace plumb::resources {

void check_job_spec(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
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
  const bool indexed = spec.completionMode && *spec.completionMode == "Indexed";
  if (indexed && !spec.completions) errors.required(path.child("completions"), "when completion mode is Indexed");
  if (!indexed && spec.backoffLimitPerIndex)
    errors.invalid(path.child("backoffLimitPerIndex"), std::to_string(*spec.backoffLimitPerIndex), "requires indexed completion mode");
  check_pod_template(spec.template_, path.child("template"), errors);
  const auto& policy = spec.template_.spec.restartPolicy;
  const FieldPath policy_path = path.child("template").child("spec").child("restartPolicy");
  if (policy == "Always") {
    errors.required(policy_path, "valid values: \"OnFailure\", \"Never\"");
  } else if (policy != "OnFailure" && policy != "Never") {
    errors.not_supported(policy_path, quoted(policy), {"OnFailure", "Never"});
  } else if (spec.podFailurePolicy && policy != "Never") {
    errors.invalid(policy_path, quoted(policy), "only \"Never\" is supported when podFailurePolicy is specified");
  }
}

}  // namespace plumb::resources
