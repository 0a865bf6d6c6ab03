#include <algorithm>

#include "reference/api/types/batchv1.h"
#include "reference/resources/jobs/job_rules.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

const FieldPath spec_path("spec");

std::string completions(const batchv1::Job& job) {
  const std::string done = std::to_string(job.status.succeeded);
  if (job.spec.completions) return done + "/" + std::to_string(*job.spec.completions);
  const std::int32_t parallel = job.spec.parallelism.value_or(0);
  return parallel > 1 ? done + "/1 of " + std::to_string(parallel) : done + "/1";
}

std::string duration(const batchv1::Job& job, WallTime now) {
  if (!job.status.startTime) return {};
  const WallTime end = job.status.completionTime ? job.status.completionTime.wall() : now;
  return human_duration(end - job.status.startTime.wall());
}

std::string state(const batchv1::Job& job) {
  const auto has = [&](std::string_view type) {
    const auto& list = job.status.conditions;
    return std::any_of(list.begin(), list.end(), [&](const auto& one) { return one.type == type && one.status == "True"; });
  };
  if (has("Complete")) return "Complete";
  if (has("Failed")) return "Failed";
  if (job.metadata.deletionTimestamp) return "Terminating";
  if (has("Suspended")) return "Suspended";
  if (has("FailureTarget")) return "FailureTarget";
  if (has("SuccessCriteriaMet")) return "SuccessCriteriaMet";
  return "Running";
}

class Jobs final : public Typed<batchv1::Job> {
 public:
  Jobs() : Typed(Names{"jobs", "job", {}, {"all"}, true}) {}
  std::vector<std::string_view> selectable_field_names() const override { return {"status.successful"}; }
  std::vector<Column> columns() const override {
    return with_container_columns({name_column(), text_column("Status", "How the job stands."), text_column("Completions", "Pods that succeeded, of all needed."),
                                   text_column("Duration", "From start to completion, or until now."), age_column()});
  }

 protected:
  void defaults(batchv1::Job& job) const override {
    auto& spec = job.spec;
    if (!spec.completions && !spec.parallelism) spec.completions = 1;
    if (!spec.parallelism) spec.parallelism = 1;
    if (!spec.backoffLimit) spec.backoffLimit = spec.backoffLimitPerIndex ? INT32_MAX : 6;
    if (job.metadata.labels.empty()) job.metadata.labels = spec.template_.metadata.labels;
    if (!spec.completionMode) spec.completionMode = "NonIndexed";
    if (!spec.suspend) spec.suspend = false;
    if (!spec.podReplacementPolicy) spec.podReplacementPolicy = spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed";
  }
  // Without a selector of its own, a job selects its pods by its UID.
  void on_create(batchv1::Job& job) const override {
    auto& spec = job.spec;
    if (spec.manualSelector.value_or(false) || job.metadata.uid.empty()) return;
    auto& labels = spec.template_.metadata.labels;
    for (const std::string_view prefix : {"", "batch.kubernetes.io/"}) {
      labels[std::string(prefix) + "job-name"] = job.metadata.name;
      labels[std::string(prefix) + "controller-uid"] = job.metadata.uid;
    }
    spec.selector.ensure().matchLabels["batch.kubernetes.io/controller-uid"] = job.metadata.uid;
  }
  void check(const batchv1::Job& job, FieldErrors& errors) const override {
    check_job_spec(job.spec, spec_path, errors);
    if (!job.spec.selector) return errors.required(spec_path.child("selector"));
    check_label_selector(*job.spec.selector, spec_path.child("selector"), errors);
    if (!matches(to_selector(job.spec.selector), job.spec.template_.metadata.labels))
      errors.invalid(spec_path.child("template").child("metadata").child("labels"), go_text(job.spec.template_.metadata.labels),
                     "`selector` does not match template `labels`");
  }
  void check_update(const batchv1::Job& next, const batchv1::Job& previous, FieldErrors& errors) const override {
    const auto &now = next.spec, &before = previous.spec;
    check_immutable(!(now.selector == before.selector), spec_path.child("selector"), now.selector ? go_text(*now.selector) : "null", errors);
    check_immutable(!(now.completionMode == before.completionMode), spec_path.child("completionMode"), quoted(now.completionMode.value_or("")), errors);
    const bool indexed = now.completionMode && *now.completionMode == "Indexed";
    const bool resized = indexed && now.completions == now.parallelism && !(now.completions == before.completions);
    if (!resized)
      check_immutable(!(now.completions == before.completions), spec_path.child("completions"),
                      now.completions ? std::to_string(*now.completions) : "null", errors);
    const bool startable = before.suspend.value_or(false) && !previous.status.startTime;
    if (!startable) check_immutable(!(now.template_ == before.template_), spec_path.child("template"), "{}", errors);
  }
  std::vector<SelectableField> fields_of(const batchv1::Job& job) const override {
    return {{"status.successful", std::to_string(job.status.succeeded)}};
  }
  std::vector<Cell> cells(const batchv1::Job& job, WallTime now) const override {
    const auto containers = container_cells(job.spec.template_.spec.containers);
    return {job.metadata.name, state(job), completions(job), duration(job, now), age(job, now), containers.names, containers.images,
            format_label_selector(job.spec.selector.get())};
  }
};

const Registered<Resource> registered{"jobs.batch", [] { return std::make_unique<Jobs>(); }};

}  // namespace
}  // namespace plumb::resources
