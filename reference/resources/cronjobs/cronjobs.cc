#include "reference/api/types/batchv1.h"
#include "reference/resources/jobs/job_rules.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

const FieldPath spec_path("spec");

class CronJobs final : public Typed<batchv1::CronJob> {
 public:
  CronJobs() : Typed(Names{"cronjobs", "cronjob", {"cj"}, {"all"}, true}) {}
  std::vector<Column> columns() const override {
    return with_container_columns({name_column(), text_column("Schedule", "When jobs start, in cron's form."),
                                   text_column("TimeZone", "The time zone of the schedule."), flag_column("Suspend", "Whether no new job starts."),
                                   number_column("Active", "Jobs that run."), text_column("Last Schedule", "Since the last job was started."), age_column()});
  }

 protected:
  void defaults(batchv1::CronJob& object) const override {
    auto& spec = object.spec;
    if (spec.concurrencyPolicy.empty()) spec.concurrencyPolicy = "Allow";
    if (!spec.suspend) spec.suspend = false;
    if (!spec.successfulJobsHistoryLimit) spec.successfulJobsHistoryLimit = 3;
    if (!spec.failedJobsHistoryLimit) spec.failedJobsHistoryLimit = 1;
  }
  void check(const batchv1::CronJob& object, FieldErrors& errors) const override {
    constexpr std::size_t longest_name = 52;  // room for the suffix that names of jobs get
    const auto& spec = object.spec;
    if (object.metadata.name.size() > longest_name)
      errors.invalid(FieldPath("metadata").child("name"), quoted(object.metadata.name), api::max_length_error(longest_name));
    check_required(spec.schedule, spec_path.child("schedule"), errors);
    if (spec.startingDeadlineSeconds) check_nonnegative(*spec.startingDeadlineSeconds, spec_path.child("startingDeadlineSeconds"), errors);
    if (spec.successfulJobsHistoryLimit) check_nonnegative(*spec.successfulJobsHistoryLimit, spec_path.child("successfulJobsHistoryLimit"), errors);
    if (spec.failedJobsHistoryLimit) check_nonnegative(*spec.failedJobsHistoryLimit, spec_path.child("failedJobsHistoryLimit"), errors);
    if (spec.timeZone && spec.timeZone->empty()) errors.invalid(spec_path.child("timeZone"), quoted(""), "timeZone must be nil or non-empty string");
    const FieldPath job = spec_path.child("jobTemplate").child("spec");
    check_job_spec(spec.jobTemplate.spec, job, errors);
    if (spec.jobTemplate.spec.manualSelector.value_or(false))
      errors.not_supported(job.child("manualSelector"), "true", {"nil", "false"});
  }
  std::vector<Cell> cells(const batchv1::CronJob& object, WallTime now) const override {
    const auto& spec = object.spec;
    const auto containers = container_cells(spec.jobTemplate.spec.template_.spec.containers);
    const std::string suspend = !spec.suspend ? "<unset>" : *spec.suspend ? "True" : "False";
    return {object.metadata.name,
            spec.schedule,
            spec.timeZone ? spec.timeZone->str() : "<none>",
            suspend,
            static_cast<std::int64_t>(object.status.active.size()),
            object.status.lastScheduleTime ? time_since(object.status.lastScheduleTime, now) : "<none>",
            age(object, now),
            containers.names,
            containers.images,
            format_label_selector(spec.jobTemplate.spec.selector.get())};
  }
};

const Registered<Resource> registered{"cronjobs.batch", [] { return std::make_unique<CronJobs>(); }};

}  // namespace
}  // namespace plumb::resources
