// The rules of an adapter between Prometheus and the APIs of custom and external metrics, in the format of kubernetes-sigs/prometheus-adapter:
// which series are metrics, of which objects, under which name, and by which query their values are asked for. Pure; no I/O.
//
// Of the templates the variables <<.Series>>, <<.LabelMatchers>>, <<.GroupBy>> (metricsQuery) and <<.Resource>>, <<.Group>> (resources.template)
// are known. Resources are named by singular or plural, with the group behind a dot.
#pragma once

#include <map>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "reference/api/text/label_selector.h"
#include "reference/resources/resource.h"

namespace plumb::metrics_api {

using SeriesLabels = std::map<std::string, std::string>;  // with __name__

struct AdapterRule {
  std::string series_query;
  struct Filter {
    std::regex pattern;
    bool wanted = true;
  };
  std::vector<Filter> filters;
  std::map<std::string, const resources::Resource*> overrides;  // by label
  std::string label_template;                                   // empty: only the overrides
  std::regex name_pattern;
  std::string name_format;  // of std::regex_replace
  std::string metrics_query;
  bool namespaced = true;  // external metrics: their queries name the namespace

  bool takes(const std::string& series) const;
  // nullopt: the name does not match.
  std::optional<std::string> metric_name(const std::string& series) const;
  // The label that names objects of a resource; empty where none does.
  std::string label_of(const resources::Resource& resource) const;
  // The resources that a series' labels name.
  std::vector<const resources::Resource*> resources_of(const SeriesLabels& labels) const;
  std::string query(const std::string& series, const std::string& matchers, const std::string& group_by) const;
};

// "pod", "pods", "deployments.apps"; nullptr where there is none.
const resources::Resource* find_resource(std::string_view name);

struct AdapterConfig {
  std::vector<AdapterRule> rules, external_rules;
};
// YAML. A message names the rule and the member.
Result<AdapterConfig> read_adapter_config(std::string_view yaml);

// Of PromQL, without braces: `a="b",c=~"d|e"`.
std::string matcher(const std::string& label, const std::vector<std::string>& values);
Result<std::string> matchers_of(std::string_view label_selector);
std::string joined(const std::vector<std::string>& matchers);

// In thousandths, as a quantity; nullopt for what is no number.
std::optional<std::string> milli_quantity(double value);

}  // namespace plumb::metrics_api
