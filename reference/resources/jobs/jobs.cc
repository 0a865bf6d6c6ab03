#include <algorithm>

#include "reference/api/types/batchv1.h"
#include "reference/resources/jobs/job_rules.h"
#include "reference/resources/jobs/status_rules.h"
#include "reference/resources/jobs/update_rules.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

constexpr std::string_view name_label = "batch.kubernetes.io/job-name", uid_label = "batch.kubernetes.io/controller-uid";
constexpr std::string_view old_name_label = "job-name", old_uid_label = "controller-uid";

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

// A job selects its pods by its UID, through labels that the template gets here, where it does not have them already.
void generate_selector(batchv1::Job& job) {
  auto& labels = job.spec.template_.metadata.labels;
  const auto label = [&](std::string_view key, const api::Str& value) {
    if (!labels.contains(key)) labels.set(key, value);
  };
  for (const std::string_view key : {old_name_label, name_label}) label(key, job.metadata.name);
  for (const std::string_view key : {old_uid_label, uid_label}) label(key, job.metadata.uid);
  auto& selected = job.spec.selector.ensure().matchLabels;
  if (!selected.contains(uid_label)) selected.set(uid_label, job.metadata.uid);
}

// `prefixed`: the labels of the newer form have to be there too. Jobs that are older than these do without.
void check_generated_selector(const batchv1::Job& job, bool prefixed, FieldErrors& errors) {
  if (job.spec.manualSelector.value_or(false) || !job.spec.selector) return;
  if (job.metadata.uid.empty()) errors.required(FieldPath("metadata").child("uid"));
  const auto& labels = job.spec.template_.metadata.labels;
  api::Map<api::Str> expected;
  const auto expect = [&](std::string_view key, const api::Str& value) {
    expected.set(key, value);
    const FieldPath path = spec_path.child("template").child("metadata").child("labels").key(key);
    const std::string must = "must be '" + value.str() + "'";
    const api::Str* found = labels.find(key);
    if (!found) {
      errors.required(path, must);
    } else if (*found != value) {
      errors.invalid(path, go_text(labels), must);
    }
  };
  expect(old_uid_label, job.metadata.uid);
  expect(old_name_label, job.metadata.name);
  if (prefixed) expect(uid_label, job.metadata.uid);
  if (prefixed) expect(name_label, job.metadata.name);
  if (!matches(to_selector(job.spec.selector), expected))
    errors.invalid(spec_path.child("selector"), go_text(*job.spec.selector), "`selector` not auto-generated");
}

// Pods of an indexed job have hostnames with the index at the end.
void check_hostnames(const batchv1::Job& job, FieldErrors& errors) {
  if (!is_indexed(job.spec) || job.spec.completions.value_or(0) <= 0) return;
  const std::string longest = job.metadata.name.str() + "-" + std::to_string(*job.spec.completions - 1);
  if (!api::check_dns1123_label(longest).empty())
    errors.invalid(FieldPath("metadata").child("name"), quoted(job.metadata.name), "will not able to create pod with invalid DNS label: " + longest);
}

class Jobs final : public Typed<batchv1::Job> {
 public:
  Jobs() : Typed(Names{"jobs", "job", {}, {"all"}, true}) {}
  bool orphans_by_default() const override { return true; }
  void validate_create(const api::Object& object, FieldErrors& errors) const override {
    check_generated_selector(static_cast<const batchv1::Job&>(object), true, errors);
  }
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
    if (!spec.manualSelector) spec.manualSelector = false;
    if (!spec.podReplacementPolicy) spec.podReplacementPolicy = spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed";
  }
  void on_create(batchv1::Job& job) const override {
    job.spec.scheduling.reset();  // its feature, WorkloadWithJob, is off by default
    if (!job.spec.manualSelector.value_or(false)) generate_selector(job);
  }
  void on_update(batchv1::Job& next, const batchv1::Job& previous) const override {
    if (!previous.spec.scheduling) next.spec.scheduling.reset();
  }
  void check(const batchv1::Job& job, FieldErrors& errors) const override {
    const auto& spec = job.spec;
    check_job_spec(spec, spec_path, errors);
    if (!spec.selector) return errors.required(spec_path.child("selector"));
    check_label_selector(*spec.selector, spec_path.child("selector"), errors);
    if (!matches(to_selector(spec.selector), spec.template_.metadata.labels))
      errors.invalid(spec_path.child("template").child("metadata").child("labels"), go_text(spec.template_.metadata.labels),
                     "`selector` does not match template `labels`");
    check_hostnames(job, errors);
  }
  void check_update(const batchv1::Job& next, const batchv1::Job& previous, FieldErrors& errors) const override {
    const auto& labels = previous.spec.template_.metadata.labels;
    check_generated_selector(next, labels.contains(name_label) && labels.contains(uid_label), errors);
    check_job_update(next, previous, errors);
  }
  void check_status_update(const batchv1::Job& next, const batchv1::Job& previous, FieldErrors& errors) const override {
    check_job_status(next, previous, errors);
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

const Registered<Resource> registered_jobs{"jobs.batch", [] { return std::make_unique<Jobs>(); }};

}  // namespace
}  // namespace plumb::resources
