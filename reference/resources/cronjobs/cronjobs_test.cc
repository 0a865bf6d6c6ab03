#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

std::string cron_job(std::string_view schedule, std::string_view spec = "", std::string_view job = "", std::string_view name = "c") {
  return R"({"metadata":{"name":")" + std::string(name) + R"("},"spec":{"schedule":")" + std::string(schedule) + "\"" + std::string(spec) +
         R"(,"jobTemplate":{"spec":{)" + std::string(job) + R"("template":{"spec":{"restartPolicy":"Never","containers":[{"name":"a","image":"i"}]}}}}}})";
}

Lines cron_job_causes(std::string_view json) {
  const auto made = object("cronjobs.batch", json);
  FieldErrors errors;
  resource("cronjobs.batch").validate(*made, errors);
  resource("cronjobs.batch").validate_create(*made, errors);
  Lines lines;
  for (const FieldError& error : errors.list()) lines.push_back(error.field + ": " + error.message);
  return lines;
}

TEST(CronJobs, Defaults) {
  expect_defaults("cronjobs.batch", "{}", {{"/spec/concurrencyPolicy", R"("Allow")"}, {"/spec/suspend", "false"},
                                           {"/spec/successfulJobsHistoryLimit", "3"}, {"/spec/failedJobsHistoryLimit", "1"},
                                           {"/spec/jobTemplate/spec/completions", ""}});
}

TEST(CronJobs, Causes) {
  const std::vector<std::pair<std::string, Lines>> table = {
      {cron_job("*/5 * * * ?", R"(,"timeZone":"America/New_York")"), {}},
      {cron_job(""), {"spec.schedule: Required value"}},
      {cron_job("error"), {"spec.schedule: Invalid value: \"error\": expected exactly 5 fields, found 1: [error]"}},
      {cron_job("TZ=UTC 0 * * * *"),
       {"spec.schedule: Invalid value: \"TZ=UTC 0 * * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field instead"}},
      {cron_job("@hourly", R"(,"timeZone":"")"), {"spec.timeZone: Invalid value: \"\": timeZone must be nil or non-empty string"}},
      {cron_job("@hourly", R"(,"timeZone":"Mars/Base")"), {"spec.timeZone: Invalid value: \"Mars/Base\": unknown time zone Mars/Base"}},
      {cron_job("@hourly", R"(,"timeZone":"../etc")"), {"spec.timeZone: Invalid value: \"../etc\": unknown time zone ../etc"}},
      {cron_job("@hourly", R"(,"timeZone":"Local")"),
       {"spec.timeZone: Invalid value: \"Local\": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"}},
      {cron_job("@hourly", R"(,"startingDeadlineSeconds":-1,"successfulJobsHistoryLimit":-1,"failedJobsHistoryLimit":-1)"),
       {"spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
        "spec.successfulJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
        "spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0"}},
      {cron_job("@hourly", "", R"("parallelism":-1,"manualSelector":true,"selector":{"matchLabels":{"a":"b"}},)"),
       {"spec.jobTemplate.spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
        R"(spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated)",
        R"(spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false")"}},
      {cron_job("@hourly", "", "", std::string(53, 'x')), {"metadata.name: Invalid value: \"" + std::string(53, 'x') + "\": must be no more than 52 characters"}},
  };
  for (const auto& [json, expected] : table) EXPECT_EQ(cron_job_causes(json), expected) << json;
}

TEST(CronJobs, KeepWhatOlderReleasesAllowed) {
  const std::string old = cron_job("TZ=UTC 0 * * * *");
  EXPECT_EQ(update_causes("cronjobs.batch", old, cron_job("TZ=UTC 5 * * * *")), Lines{});
  EXPECT_EQ(update_causes("cronjobs.batch", old, cron_job("TZ=UTC 5 * * * *", R"(,"timeZone":"UTC")")),
            Lines{"spec.schedule: Invalid value: \"TZ=UTC 5 * * * *\": cannot use both timeZone field and TZ or CRON_TZ in schedule"});
  const std::string unknown = cron_job("@hourly", R"(,"timeZone":"Mars/Base")");
  EXPECT_EQ(update_causes("cronjobs.batch", unknown, cron_job("@daily", R"(,"timeZone":"Mars/Base")")), Lines{});
  EXPECT_EQ(update_causes("cronjobs.batch", cron_job("@hourly"), unknown).size(), 1u);
  const std::string long_name(60, 'x');
  EXPECT_EQ(update_causes("cronjobs.batch", cron_job("@hourly", "", "", long_name), cron_job("@daily", "", "", long_name)), Lines{});
}

TEST(CronJobs, Row) {
  const auto row = cells("cronjobs.batch", cron_job("@hourly", R"(,"suspend":true)"), time("2024-01-01T00:00:00Z"));
  EXPECT_EQ(row, (Lines{"c", "@hourly", "<none>", "True", "0", "<none>", "<unknown>", "a", "i", "<none>"}));
}

}  // namespace
}  // namespace plumb::resources::testing
