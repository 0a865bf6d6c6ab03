#include <algorithm>

#include "harness/base/encoding.h"
#include "reference/api/types/batchv1.h"
#include "reference/resources/cronjobs/schedule.h"
#include "reference/resources/jobs/job_rules.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

bool names_zone(std::string_view schedule) { return schedule.find("TZ") != std::string_view::npos; }

// `zone_allowed`: the schedule named a zone before that was refused, and may go on doing so.
void check_schedule(const batchv1::CronJobSpec& spec, bool zone_allowed, FieldErrors& errors) {
  if (spec.schedule.empty()) return;
  const FieldPath path = spec_path.child("schedule");
  const auto parsed = Schedule::parse(spec.schedule, TimeZone::utc());
  if (!parsed.ok()) errors.invalid(path, quoted(spec.schedule), parsed.error().message);
  if (!names_zone(spec.schedule)) return;
  if (!zone_allowed) {
    errors.invalid(path, quoted(spec.schedule), "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  } else if (spec.timeZone) {
    errors.invalid(path, quoted(spec.schedule), "cannot use both timeZone field and TZ or CRON_TZ in schedule");
  }
}

// Components of names, as the IANA's rules have them; digits and + occur in old names.
bool is_name_component(std::string_view text) {
  constexpr std::size_t longest = 14;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == '+';
  };
  return !text.empty() && text.size() <= longest && text != "." && text != ".." && text.front() != '-' && std::all_of(text.begin(), text.end(), allowed);
}

bool is_local(std::string_view name) {
  constexpr std::string_view local = "local";
  return std::equal(name.begin(), name.end(), local.begin(), local.end(), [](char a, char b) { return (a | 0x20) == b; });
}

void check_time_zone(const api::Opt<api::Str>& zone, FieldErrors& errors) {
  if (!zone) return;
  const FieldPath path = spec_path.child("timeZone");
  if (zone->empty()) return errors.invalid(path, quoted(""), "timeZone must be nil or non-empty string");
  const auto components = split(*zone, '/');
  if (!std::all_of(components.begin(), components.end(), is_name_component))
    return errors.invalid(path, quoted(*zone), "unknown time zone " + zone->str());
  if (is_local(*zone)) errors.invalid(path, quoted(*zone), "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
  const auto loaded = TimeZone::load(*zone);
  if (!loaded.ok()) errors.invalid(path, quoted(*zone), loaded.error().message);
}

class CronJobs final : public Typed<batchv1::CronJob> {
 public:
  CronJobs() : Typed(Names{"cronjobs", "cronjob", {"cj"}, {"all"}, true}) {}
  void validate_create(const api::Object& object, FieldErrors& errors) const override {
    constexpr std::size_t longest_name = 52;  // room for the suffix that names of jobs get
    const auto& cron_job = static_cast<const batchv1::CronJob&>(object);
    check_schedule(cron_job.spec, false, errors);
    check_time_zone(cron_job.spec.timeZone, errors);
    if (cron_job.metadata.name.size() > longest_name)
      errors.invalid(FieldPath("metadata").child("name"), quoted(cron_job.metadata.name), api::max_length_error(longest_name));
  }
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
    const auto& spec = object.spec;
    const auto nonnegative = [&](const auto& value, std::string_view name) {
      if (value) check_nonnegative(*value, spec_path.child(name), errors);
    };
    check_required(spec.schedule, spec_path.child("schedule"), errors);
    nonnegative(spec.startingDeadlineSeconds, "startingDeadlineSeconds");
    nonnegative(spec.successfulJobsHistoryLimit, "successfulJobsHistoryLimit");
    nonnegative(spec.failedJobsHistoryLimit, "failedJobsHistoryLimit");
    const FieldPath job_path = spec_path.child("jobTemplate").child("spec");
    const auto& job = spec.jobTemplate.spec;
    check_job_spec(job, job_path, errors);
    if (job.selector) errors.invalid(job_path.child("selector"), go_text(*job.selector), "`selector` will be auto-generated");
    if (job.manualSelector.value_or(false)) errors.not_supported(job_path.child("manualSelector"), "true", {"nil", "false"});
  }
  void check_update(const batchv1::CronJob& next, const batchv1::CronJob& previous, FieldErrors& errors) const override {
    check_schedule(next.spec, names_zone(previous.spec.schedule), errors);
    if (!(next.spec.timeZone == previous.spec.timeZone)) check_time_zone(next.spec.timeZone, errors);
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

const Registered<Resource> registered_cronjobs{"cronjobs.batch", [] { return std::make_unique<CronJobs>(); }};

}  // namespace
}  // namespace plumb::resources
