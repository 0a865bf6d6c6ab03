#include "reference/metrics/adapter_rules.h"

#include <gtest/gtest.h>

#include <set>

namespace plumb::metrics_api {
namespace {

constexpr const char* config = R"(
rules:
- seriesQuery: 'http_requests_total{namespace!="",pod!=""}'
  seriesFilters: [{isNot: "^ignored_"}]
  resources:
    overrides: {namespace: {resource: namespace}, pod: {resource: pod}, deploy: {group: apps, resource: deployment}}
  name: {matches: "^(.*)_total$", as: "${1}_per_second"}
  metricsQuery: 'sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)'
- seriesQuery: '{__name__=~"^container_.*"}'
  resources: {template: "kube_<<.Group>>_<<.Resource>>"}
  name: {matches: "^container_(.*)$"}
externalRules:
- seriesQuery: 'queue_length'
  resources: {overrides: {namespace: {resource: namespaces}}, namespaced: false}
)";

TEST(AdapterRulesTest, ReadsUpstreamsFormat) {
  const auto read = read_adapter_config(config);
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->rules.size(), 2u);
  ASSERT_EQ(read->external_rules.size(), 1u);
  const AdapterRule& requests = read->rules[0];
  EXPECT_EQ(requests.metric_name("http_requests_total"), "http_requests_per_second");
  EXPECT_FALSE(requests.metric_name("http_requests"));
  EXPECT_TRUE(requests.takes("http_requests_total"));
  EXPECT_FALSE(requests.takes("ignored_requests_total"));
  EXPECT_EQ(requests.label_of(*find_resource("deployments.apps")), "deploy");
  EXPECT_EQ(requests.label_of(*find_resource("nodes")), "");
  std::set<std::string> found;
  for (const auto* each : requests.resources_of({{"__name__", "x"}, {"pod", "a"}, {"deploy", "b"}})) found.insert(each->group_resource());
  EXPECT_EQ(found, (std::set<std::string>{"pods", "deployments.apps"}));
  EXPECT_EQ(requests.query("s", "pod=\"a\"", "pod"), "sum(rate(s{pod=\"a\"}[2m])) by (pod)");
  const AdapterRule& containers = read->rules[1];
  EXPECT_EQ(containers.metric_name("container_memory"), "memory");
  EXPECT_EQ(containers.label_of(*find_resource("deployments.apps")), "kube_apps_deployment");
  EXPECT_EQ(containers.label_of(*find_resource("pod")), "kube__pod");
  EXPECT_EQ(containers.query("s", "a", "b"), "sum(s{a}) by (b)");
  EXPECT_FALSE(read->external_rules[0].namespaced);
}

TEST(AdapterRulesTest, SaysWhatIsWrong) {
  const auto problem = [](const std::string& yaml) {
    const auto read = read_adapter_config(yaml);
    return read.ok() ? std::string("nothing") : read.error().message;
  };
  EXPECT_EQ(problem("rules: []"), "the configuration has neither rules nor externalRules");
  EXPECT_EQ(problem("rules: [{}]"), "rules[0].seriesQuery is missing: it says which series are meant");
  EXPECT_EQ(problem("rules: [{seriesQuery: a}]"), "rules[0].resources: overrides or a template have to say which objects the series are of");
  EXPECT_EQ(problem("rules: [{seriesQuery: a, resources: {overrides: {x: {resource: nothing}}}}]"), "rules[0].resources.overrides: there is no resource \"nothing\"");
  EXPECT_EQ(problem("rules: [{seriesQuery: a, resources: {template: x}}]"), "rules[0].resources.template: it has to contain <<.Resource>>");
  EXPECT_EQ(problem("rules: [{seriesQuery: a, metricQuery: x}]"), "rules[0].metricQuery is not known");
  EXPECT_NE(problem("externalRules: [{seriesQuery: a, metricsQuery: '<<.LabelValuesByName>>'}]").find("<<.LabelValuesByName>> is not known here"), std::string::npos);
  EXPECT_NE(problem("externalRules: [{seriesQuery: a, name: {matches: '('}}]").find("is no regular expression"), std::string::npos);
  EXPECT_NE(problem("{").size(), 0u);
}

TEST(AdapterRulesTest, MatchersCannotBeBrokenOutOf) {
  EXPECT_EQ(matcher("pod", {"a"}), R"(pod="a")");
  EXPECT_EQ(matcher("pod", {"a\"} or x{", "b.c"}), R"(pod=~"a\"\\} or x\\{|b\\.c")");
  EXPECT_EQ(*matchers_of("a=b,c!=d,e in (f,g),h,!i,x.y/z=1"), R"(a="b",c!~"d",e=~"f|g",h!="",i="",x_y_z="1")");
  EXPECT_FALSE(matchers_of("a>1").ok());
  EXPECT_FALSE(matchers_of("a=(").ok());
  EXPECT_EQ(joined({"", "a", "", "b"}), "a,b");
}

TEST(AdapterRulesTest, ValuesAreThousandths) {
  EXPECT_EQ(milli_quantity(0.25), "250m");
  EXPECT_EQ(milli_quantity(3), "3");
  EXPECT_EQ(milli_quantity(-0.0004), "0");
  EXPECT_FALSE(milli_quantity(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(milli_quantity(1e300));
}

}  // namespace
}  // namespace plumb::metrics_api
