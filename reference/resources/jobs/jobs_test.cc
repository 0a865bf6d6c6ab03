#include "reference/api/types/batchv1.h"
#include "reference/resources/jobs/index_rules.h"
#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

constexpr std::string_view jobs = "jobs.batch";

constexpr std::string_view pod_spec = R"("restartPolicy":"Never","containers":[{"name":"c","image":"i"}])";

// A job with a selector of its own; `spec` goes on with it, `rest` with the job.
std::string job(std::string_view spec = "", std::string_view pod = pod_spec, std::string_view rest = "", std::string_view name = "j") {
  return R"({"metadata":{"name":")" + std::string(name) + R"(","uid":"u"},"spec":{"manualSelector":true,"selector":{"matchLabels":{"a":"b"}})" +
         std::string(spec) + R"(,"template":{"metadata":{"labels":{"a":"b"}},"spec":{)" + std::string(pod) + "}}}" + std::string(rest) + "}";
}
std::string indexed(std::string_view spec) { return job(R"(,"completionMode":"Indexed","completions":3)" + std::string(spec)); }
std::string failure_rule(std::string_view rule, std::string_view spec = "") {
  return job(R"(,"podFailurePolicy":{"rules":[)" + std::string(rule) + "]}" + std::string(spec));
}
std::string success_rule(std::string_view rule) { return indexed(R"(,"successPolicy":{"rules":[)" + std::string(rule) + "]}"); }

Lines job_causes(std::string_view json) {
  const auto made = object(std::string(jobs), json);
  const Resource& of = resource(std::string(jobs));
  of.prepare_for_create(*made);
  FieldErrors errors;
  of.validate(*made, errors);
  of.validate_create(*made, errors);
  Lines lines;
  for (const FieldError& error : errors.list()) lines.push_back(error.field + ": " + error.message);
  return lines;
}

Lines status_causes(std::string_view spec, std::string_view previous, std::string_view next) {
  const auto with = [&](std::string_view status) { return object(std::string(jobs), job(spec, pod_spec, R"(,"status":)" + std::string(status))); };
  FieldErrors errors;
  resource(std::string(jobs)).validate_status_update(*with(next), *with(previous), errors);
  Lines lines;
  for (const FieldError& error : errors.list()) lines.push_back(error.field + ": " + error.message);
  return lines;
}

TEST(Jobs, Defaults) {
  expect_defaults("jobs.batch", "{}", {{"/spec/completions", "1"}, {"/spec/parallelism", "1"}, {"/spec/backoffLimit", "6"}, {"/spec/manualSelector", "false"},
                                       {"/spec/completionMode", R"("NonIndexed")"}, {"/spec/suspend", "false"},
                                       {"/spec/podReplacementPolicy", R"("TerminatingOrFailed")"}});
  expect_defaults("jobs.batch", R"({"spec":{"parallelism":2,"backoffLimitPerIndex":1,"podFailurePolicy":{"rules":[{"onPodConditions":[{"type":"x"}]}]}}})",
                  {{"/spec/completions", ""}, {"/spec/backoffLimit", "2147483647"}, {"/spec/podReplacementPolicy", R"("Failed")"},
                   {"/spec/podFailurePolicy/rules/0/onPodConditions/0/status", R"("True")"}});
  EXPECT_TRUE(resource("jobs.batch").orphans_by_default());
}

TEST(Jobs, GenerateTheirSelector) {
  const auto made = object("jobs.batch", R"({"metadata":{"name":"j","uid":"u"},"spec":{"scheduling":{},"template":{"metadata":{"labels":{"x":"y"}},"spec":{"restartPolicy":"Never","containers":[{"name":"a","image":"i"}]}}}})");
  resource("jobs.batch").prepare_for_create(*made);
  EXPECT_EQ(at(*made, "/spec/selector/matchLabels"), R"({"batch.kubernetes.io/controller-uid":"u"})");
  EXPECT_EQ(at(*made, "/spec/template/metadata/labels"),
            R"({"batch.kubernetes.io/controller-uid":"u","batch.kubernetes.io/job-name":"j","controller-uid":"u","job-name":"j","x":"y"})");
  EXPECT_EQ(at(*made, "/metadata/labels"), R"({"x":"y"})");
  EXPECT_EQ(at(*made, "/spec/scheduling"), "");
  const auto generated = [](std::string_view labels, std::string_view selector = "") {
    return R"({"metadata":{"name":"j","uid":"u"},"spec":{)" + std::string(selector) + R"("template":{"metadata":{"labels":{)" + std::string(labels) +
           R"(}},"spec":{"restartPolicy":"Never","containers":[{"name":"a","image":"i"}]}}}})";
  };
  EXPECT_EQ(job_causes(generated("")), Lines{});
  EXPECT_EQ(job_causes(generated(R"("job-name":"other")")).size(), 1u);
  EXPECT_EQ(job_causes(generated(R"("job-name":"other")"))[0].substr(0, 43), "spec.template.metadata.labels[job-name]: In");
  EXPECT_EQ(job_causes(generated("", R"("selector":{"matchLabels":{"z":"1"}},)")).back(),
            R"(spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"u","z":"1"}}: `selector` not auto-generated)");
}

TEST(Jobs, Causes) {
  const std::vector<std::pair<std::string, Lines>> table = {
      {job(), {}},
      {job(R"(,"parallelism":-1,"completions":-1,"backoffLimit":-1,"activeDeadlineSeconds":-1,"ttlSecondsAfterFinished":-1)"),
       {"spec.parallelism: Invalid value: -1: must be greater than or equal to 0", "spec.completions: Invalid value: -1: must be greater than or equal to 0",
        "spec.activeDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
        "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0",
        "spec.ttlSecondsAfterFinished: Invalid value: -1: must be greater than or equal to 0"}},
      {job("", R"("restartPolicy":"Always","containers":[{"name":"c","image":"i"}])"), {R"(spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never")"}},
      {job(R"(,"managedBy":"x")"), {R"(spec.managedBy: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo"))"}},
      {job(R"(,"managedBy":"a.io/b c")"),
       {R"(spec.managedBy: Invalid value: "b c": Invalid path (regex used for validation is '[A-Za-z0-9/\-._~%!$&'()*+,;=:]+'))"}},
      {job(R"(,"maxFailedIndexes":1)"),
       {"spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified", "spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode"}},
      {job(R"(,"backoffLimitPerIndex":1,"successPolicy":{"rules":[{"succeededCount":1}]})"),
       {"spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
        R"(spec.successPolicy: Invalid value: {"rules":[{"succeededCount":1}]}: requires indexed completion mode)"}},
      {job(R"(,"completionMode":"Indexed","parallelism":100001)"),
       {"spec.completions: Required value: when completion mode is Indexed",
        "spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed"}},
      {indexed(R"(,"backoffLimitPerIndex":1,"maxFailedIndexes":4)"), {"spec.maxFailedIndexes: Invalid value: 4: must be less than or equal to completions"}},
      {job(R"(,"completionMode":"Indexed","completions":100001,"parallelism":10001,"backoffLimitPerIndex":1)"),
       {"spec.maxFailedIndexes: Required value: must be specified when completions is above 100000",
        "spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index"}},
  };
  for (const auto& [json, expected] : table) EXPECT_EQ(causes("jobs.batch", json), expected) << json;
  const std::string name(62, 'x');
  EXPECT_EQ(causes("jobs.batch", job(R"(,"completionMode":"Indexed","completions":3)", pod_spec, "", name)),
            Lines{"metadata.name: Invalid value: \"" + name + "\": will not able to create pod with invalid DNS label: " + name + "-2"});
}

TEST(Jobs, FailurePolicyCauses) {
  const std::string at = "spec.podFailurePolicy.rules[0]";
  const std::vector<std::pair<std::string, Lines>> table = {
      {failure_rule(R"({"action":"FailJob","onExitCodes":{"containerName":"c","operator":"In","values":[1,2]}})"), {}},
      {failure_rule(R"({"action":"Ignore","onPodConditions":[{"type":"DisruptionTarget"}]})"), {}},
      {failure_rule(R"({"action":"FailIndex","onPodConditions":[{"type":"DisruptionTarget"}]})"),
       {at + ".action: Invalid value: \"FailIndex\": requires the backoffLimitPerIndex to be set"}},
      {failure_rule("{}"), {at + R"(.action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"])",
                            at + ": Invalid value: specifying one of OnExitCodes and OnPodConditions is required"}},
      {failure_rule(R"({"action":"Count","onExitCodes":{"operator":"NotIn","values":[0]},"onPodConditions":[{"type":"x y","status":"Maybe"}]})"),
       {at + ".onPodConditions[0].type: Invalid value: \"x y\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
             "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        at + R"(.onPodConditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown")",
        at + ": Invalid value: specifying both OnExitCodes and OnPodConditions is not supported"}},
      {failure_rule(R"({"action":"Count","onExitCodes":{"containerName":"d","values":[]}})"),
       {at + R"(.onExitCodes.operator: Required value: valid values: ["In" "NotIn"])",
        at + ".onExitCodes.containerName: Invalid value: \"d\": must be one of the container or initContainer names in the pod template",
        at + ".onExitCodes.values: Invalid value: null: at least one value is required"}},
      {failure_rule(R"({"action":"Count","onExitCodes":{"operator":"In","values":[2,0,2]}})"),
       {at + ".onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator", at + ".onExitCodes.values[2]: Duplicate value: 2",
        at + ".onExitCodes.values: Invalid value: [2,0,2]: must be ordered"}},
      {failure_rule(R"({"action":"Count","onExitCodes":{"operator":"In","values":[1]}})", R"(,"podReplacementPolicy":"TerminatingOrFailed")"),
       {R"(spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed")"}},
  };
  for (const auto& [json, expected] : table) EXPECT_EQ(causes("jobs.batch", json), expected) << json;
}

TEST(Jobs, SuccessPolicyCauses) {
  const std::string at = "spec.successPolicy.rules[0]";
  const std::vector<std::pair<std::string, Lines>> table = {
      {success_rule(R"({"succeededIndexes":"0-2","succeededCount":2})"), {}},
      {success_rule(""), {"spec.successPolicy.rules: Required value: at least one rules must be specified when the successPolicy is specified"}},
      {success_rule("{}"), {at + ": Required value: at least one of succeededCount or succeededIndexes must be specified"}},
      {success_rule(R"({"succeededCount":4})"),
       {at + ".succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of specified completions)"}},
      {success_rule(R"({"succeededCount":2,"succeededIndexes":"1"})"),
       {at + ".succeededCount: Invalid value: 2: must be less than or equal to 1 (the number of indexes in the specified succeededIndexes field)"}},
      {success_rule(R"({"succeededIndexes":"2-5"})"), {at + R"(.succeededIndexes: Invalid value: "2-5": error parsing succeededIndexes: too large index: "5")"}},
  };
  for (const auto& [json, expected] : table) EXPECT_EQ(causes("jobs.batch", json), expected) << json;
}

TEST(Jobs, IndexTexts) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"1,0", "non-increasing order, previous: 1, current: 0"},
      {"3-3", "non-increasing order, previous: 3, current: 3"},
      {"1-2-3", "the fragment \"1-2-3\" violates the requirement that an index interval can have at most two parts separated by '-'"},
      {"x", "cannot convert string to integer for index: \"x\""},
      {"0,", "cannot convert string to integer for index: \"\""},
  };
  for (const auto& [text, message] : table) {
    const auto checked = check_indexes(text, 10);
    ASSERT_FALSE(checked.ok()) << text;
    EXPECT_EQ(checked.error().message, message);
  }
  EXPECT_EQ(*check_indexes("0,2-4,9", 10), 5);
  EXPECT_TRUE(check_no_overlap("0-2,5", "3,4,6-7", 10).ok());
  EXPECT_EQ(check_no_overlap("0-2,5", "3,5-7", 10).error().message, "failedIndexes and completedIndexes overlap at index: 5");
}

TEST(Jobs, Updates) {
  const Lines none;
  EXPECT_EQ(update_causes("jobs.batch", job(), job(R"(,"completions":1,"parallelism":5,"activeDeadlineSeconds":3,"suspend":true,"backoffLimit":1)")), none);
  EXPECT_EQ(update_causes("jobs.batch", job(), job(R"(,"completions":2)")), Lines{"spec.completions: Invalid value: 2: field is immutable"});
  EXPECT_EQ(update_causes("jobs.batch", indexed(R"(,"parallelism":3)"), job(R"(,"completionMode":"Indexed","completions":2,"parallelism":2)")), none);
  EXPECT_EQ(update_causes("jobs.batch", indexed(""), job(R"(,"completionMode":"Indexed","completions":2,"parallelism":1)")),
            Lines{"spec.completions: Invalid value: 2: can only be modified in tandem with spec.parallelism"});
  EXPECT_EQ(update_causes("jobs.batch", job(R"(,"managedBy":"a.io/b")"), job(R"(,"managedBy":"a.io/c")")),
            Lines{R"(spec.managedBy: Invalid value: "a.io/c": field is immutable)"});
  EXPECT_EQ(update_causes("jobs.batch", indexed(R"(,"backoffLimitPerIndex":1)"), indexed(R"(,"backoffLimitPerIndex":2)")),
            Lines{"spec.backoffLimitPerIndex: Invalid value: 2: field is immutable"});
}

TEST(Jobs, TemplatesMoveOnlyAtRest) {
  const auto changes = [](std::string_view status, bool suspended, std::string_view pod) {
    const std::string spec = suspended ? R"(,"suspend":true)" : "", rest = R"(,"status":)" + std::string(status);
    return update_causes("jobs.batch", job(spec, pod_spec, rest), job(spec, pod, rest)).size();
  };
  const std::string node = std::string(pod_spec) + R"(,"nodeSelector":{"x":"y"},"tolerations":[{"operator":"Exists"}],"schedulingGates":[{"name":"a.b/c"}],
      "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"k","operator":"Exists"}]}]}}})";
  constexpr std::string_view more = R"("restartPolicy":"Never","containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"2"},"limits":{"cpu":"3"}}}])";
  constexpr std::string_view image = R"("restartPolicy":"Never","containers":[{"name":"c","image":"other"}])";
  constexpr std::string_view marked = R"({"startTime":"2024-01-01T00:00:00Z","conditions":[{"type":"Suspended","status":"True"}]})";
  EXPECT_EQ(changes("{}", true, node), 0u);
  EXPECT_EQ(changes("{}", true, more), 0u);
  EXPECT_EQ(changes(marked, true, more), 0u);
  EXPECT_EQ(changes("{}", true, image), 1u);
  EXPECT_EQ(changes("{}", false, node), 1u);
  EXPECT_EQ(changes(R"({"startTime":"2024-01-01T00:00:00Z"})", true, node), 1u);
  EXPECT_EQ(changes(R"({"active":1})", true, node), 1u);
}

TEST(Jobs, StatusCauses) {
  constexpr std::string_view start = R"("startTime":"2024-01-01T00:00:00Z")", end = R"("completionTime":"2024-01-01T00:01:00Z")";
  const auto conditions = [](std::vector<std::string_view> types, std::string_view rest) {
    std::string text = "{\"conditions\":[";
    for (const std::string_view type : types) text += (text.back() == '[' ? "{\"type\":\"" : ",{\"type\":\"") + std::string(type) + R"(","status":"True"})";
    return text + "]," + std::string(rest) + "}";
  };
  const std::string complete = conditions({"SuccessCriteriaMet", "Complete"}, std::string(start) + "," + std::string(end));
  const std::string failed = conditions({"FailureTarget", "Failed"}, start);
  EXPECT_EQ(status_causes("", "{}", complete), Lines{});
  EXPECT_EQ(status_causes("", "{}", failed), Lines{});
  EXPECT_EQ(status_causes("", "{}", conditions({"Failed"}, start)),
            Lines{"status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition"});
  EXPECT_EQ(status_causes("", "{}", conditions({"Complete"}, start)),
            (Lines{"status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
                   "status.completionTime: Required value: completionTime is required for Complete jobs"}));
  EXPECT_EQ(status_causes("", failed, "{" + std::string(start) + "}"),
            (Lines{"status.conditions: Invalid value: cannot disable the terminal Failed=True condition",
                   "status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition"}));
  EXPECT_EQ(status_causes("", "{}", conditions({"FailureTarget", "Failed"}, R"("active":1,"terminating":1,"uncountedTerminatedPods":{"failed":["u"]})")),
            (Lines{"status.startTime: Required value: startTime is required for finished job", "status.active: Invalid value: 1: active>0 is invalid for finished job",
                   R"(status.uncountedTerminatedPods: Invalid value: {"failed":["u"]}: uncountedTerminatedPods needs to be empty for finished job)",
                   "status.terminating: Invalid value: 1: terminating>0 is invalid for finished job"}));
  EXPECT_EQ(status_causes("", R"({"failed":2,"succeeded":2})", R"({"failed":1,"succeeded":1,"ready":1})"),
            (Lines{"status.ready: Invalid value: 1: cannot set more ready pods than active", "status.failed: Invalid value: 1: cannot decrease the failed counter",
                   "status.succeeded: Invalid value: 1: cannot decrease the succeeded counter"}));
  EXPECT_EQ(status_causes("", "{}", R"({"active":-1,"completedIndexes":"0","failedIndexes":"","uncountedTerminatedPods":{"succeeded":["u",""],"failed":["u"]}})"),
            (Lines{"status.active: Invalid value: -1: must be greater than or equal to 0",
                   R"(status.uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty)",
                   R"(status.uncountedTerminatedPods.failed[0]: Duplicate value: "u")",
                   R"(status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode)",
                   R"(status.failedIndexes: Invalid value: "": cannot set non-null failedIndexes when backoffLimitPerIndex is null)"}));
  const std::string earlier = "{" + std::string(start) + "}", later = R"({"startTime":"2024-01-01T01:00:00Z"})";
  EXPECT_EQ(status_causes("", earlier, later), Lines{"status.startTime: Required value: startTime cannot be removed for unsuspended job"});
  EXPECT_EQ(status_causes(R"(,"suspend":true)", earlier, "{}"), Lines{});
}

TEST(Jobs, Row) {
  const auto row = [](std::string_view spec, std::string_view status) {
    return cells("jobs.batch", job(spec, pod_spec, R"(,"status":)" + std::string(status)), time("2024-01-01T00:01:05Z"), 0);
  };
  EXPECT_EQ(row(R"(,"completions":3)", R"({"succeeded":1,"startTime":"2024-01-01T00:00:00Z"})"), (Lines{"j", "Running", "1/3", "65s", "<unknown>"}));
  EXPECT_EQ(row(R"(,"parallelism":3)", R"({"conditions":[{"type":"Suspended","status":"True"}]})"), (Lines{"j", "Suspended", "0/1 of 3", "", "<unknown>"}));
  EXPECT_EQ(row("", R"({"conditions":[{"type":"FailureTarget","status":"True"}]})")[1], "FailureTarget");
}

}  // namespace
}  // namespace plumb::resources::testing
