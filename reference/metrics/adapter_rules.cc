#include "reference/metrics/adapter_rules.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "harness/base/encoding.h"
#include "reference/api/doc/yaml.h"

namespace plumb::metrics_api {

using resources::Resource;

namespace {

using api::Doc;

constexpr std::size_t longest_name = 512, longest_config = 1 << 20;
constexpr const char* default_query = "sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)";

std::string quoted_value(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out + "\"";
}

// For a value inside a pattern.
std::string escaped_pattern(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

Status check_template(const std::string& text, std::initializer_list<std::string_view> known, const std::string& where) {
  for (std::size_t at = text.find("<<"); at != std::string::npos; at = text.find("<<", at + 2)) {
    const std::size_t end = text.find(">>", at);
    const std::string variable = end == std::string::npos ? text.substr(at) : text.substr(at, end + 2 - at);
    bool found = false;
    for (const std::string_view each : known) found = found || variable == each;
    if (!found) return fail(Code::invalid_argument, where + ": " + variable + " is not known here");
  }
  return {};
}

Result<std::regex> pattern(const std::string& text, const std::string& where) {
  try {
    return std::regex(text, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& problem) {
    return fail(Code::invalid_argument, where + ": \"" + text + "\" is no regular expression: " + problem.what());
  }
}

Status read_resources(const Doc& doc, const std::string& where, AdapterRule& rule) {
  for (const auto& member : doc["overrides"].members()) {
    std::string name(member.value["resource"].as_string());
    if (const auto group = member.value["group"].as_string(); !group.empty()) name += "." + std::string(group);
    const Resource* found = find_resource(name);
    if (!found) return fail(Code::invalid_argument, where + ".overrides: there is no resource \"" + name + "\"");
    rule.overrides.emplace(std::string(member.name()), found);
  }
  rule.label_template = doc["template"].as_string();
  if (!rule.label_template.empty() && rule.label_template.find("<<.Resource>>") == std::string::npos)
    return fail(Code::invalid_argument, where + ".template: it has to contain <<.Resource>>");
  return check_template(rule.label_template, {"<<.Resource>>", "<<.Group>>"}, where + ".template");
}

// Go writes ${1}, and $$ for a dollar; std::regex_replace $1.
std::string go_format(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') {
      const std::size_t end = text.find('}', i);
      if (end != std::string::npos) {
        out += "$" + text.substr(i + 2, end - i - 2);
        i = end;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

Result<AdapterRule> read_rule(const Doc& doc, const std::string& where, bool external) {
  static constexpr std::string_view known[] = {"seriesQuery", "seriesFilters", "resources", "name", "metricsQuery"};
  for (const auto& member : doc.members())
    if (std::find(std::begin(known), std::end(known), member.name()) == std::end(known)) return fail(Code::invalid_argument, where + "." + std::string(member.name()) + " is not known");
  AdapterRule rule;
  rule.series_query = doc["seriesQuery"].as_string();
  if (rule.series_query.empty()) return fail(Code::invalid_argument, where + ".seriesQuery is missing: it says which series are meant");
  for (const Doc& filter : doc["seriesFilters"].items()) {
    const bool wanted = filter.find("is") != nullptr;
    rule.filters.push_back({PLUMB_TRY(pattern(std::string(filter[wanted ? "is" : "isNot"].as_string()), where + ".seriesFilters")), wanted});
  }
  PLUMB_TRY(read_resources(doc["resources"], where + ".resources", rule));
  const Doc* namespaced = doc["resources"].find("namespaced");
  rule.namespaced = !namespaced || namespaced->as_bool();
  if (!external && rule.overrides.empty() && rule.label_template.empty())
    return fail(Code::invalid_argument, where + ".resources: overrides or a template have to say which objects the series are of");
  const std::string matches(doc["name"]["matches"].as_string()), as(doc["name"]["as"].as_string());
  rule.name_pattern = PLUMB_TRY(pattern(matches.empty() ? ".*" : matches, where + ".name.matches"));
  // As upstream: without a format the name is the only group, or the whole.
  rule.name_format = !as.empty() ? go_format(as) : rule.name_pattern.mark_count() > 0 ? "$1" : "$&";
  rule.metrics_query = doc["metricsQuery"].as_string();
  if (rule.metrics_query.empty()) rule.metrics_query = default_query;
  PLUMB_TRY(check_template(rule.metrics_query, {"<<.Series>>", "<<.LabelMatchers>>", "<<.GroupBy>>"}, where + ".metricsQuery"));
  return rule;
}

}  // namespace

const Resource* find_resource(std::string_view name) {
  const std::size_t dot = name.find('.');
  const std::string_view plain = name.substr(0, dot), group = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
  for (const Resource* each : resources::all()) {
    if (each->stored_as() || (plain != each->names().plural && plain != each->names().singular)) continue;
    if (group.empty() ? dot == std::string_view::npos : each->group() == group) return each;
  }
  return nullptr;
}

bool AdapterRule::takes(const std::string& series) const {
  if (series.size() > longest_name) return false;
  for (const Filter& filter : filters)
    if (std::regex_search(series, filter.pattern) != filter.wanted) return false;
  return true;
}

std::optional<std::string> AdapterRule::metric_name(const std::string& series) const {
  std::smatch found;
  if (series.size() > longest_name || !std::regex_search(series, found, name_pattern)) return std::nullopt;
  return found.prefix().str() + found.format(name_format) + found.suffix().str();
}

std::string AdapterRule::label_of(const Resource& resource) const {
  for (const auto& [label, each] : overrides)
    if (each == &resource) return label;
  if (label_template.empty()) return {};
  std::string group(resource.group());
  for (char& c : group)
    if (c == '.' || c == '-') c = '_';
  return replaced(replaced(label_template, "<<.Resource>>", resource.names().singular), "<<.Group>>", group);
}

std::vector<const Resource*> AdapterRule::resources_of(const SeriesLabels& labels) const {
  std::vector<const Resource*> found;
  for (const auto& [label, resource] : overrides)
    if (labels.contains(label)) found.push_back(resource);
  if (!label_template.empty())
    for (const Resource* each : resources::all())
      if (!each->stored_as() && !each->is_virtual() && labels.contains(label_of(*each)) && std::find(found.begin(), found.end(), each) == found.end()) found.push_back(each);
  return found;
}

std::string AdapterRule::query(const std::string& series, const std::string& matchers, const std::string& group_by) const {
  return replaced(replaced(replaced(metrics_query, "<<.Series>>", series), "<<.LabelMatchers>>", matchers), "<<.GroupBy>>", group_by);
}

Result<AdapterConfig> read_adapter_config(std::string_view yaml) {
  const Doc doc = PLUMB_TRY(api::parse_yaml(yaml, {.max_bytes = longest_config}));
  AdapterConfig config;
  for (const auto& [member, list, external] : {std::tuple("rules", &config.rules, false), {"externalRules", &config.external_rules, true}}) {
    std::size_t number = 0;
    for (const Doc& each : doc[member].items()) list->push_back(PLUMB_TRY(read_rule(each, std::string(member) + "[" + std::to_string(number++) + "]", external)));
  }
  if (config.rules.empty() && config.external_rules.empty()) return fail(Code::invalid_argument, "the configuration has neither rules nor externalRules");
  return config;
}

std::string matcher(const std::string& label, const std::vector<std::string>& values) {
  if (values.size() == 1) return label + "=" + quoted_value(values[0]);
  std::vector<std::string> escaped;
  for (const std::string& value : values) escaped.push_back(escaped_pattern(value));
  return label + "=~" + quoted_value(join(escaped, "|"));
}

Result<std::string> matchers_of(std::string_view label_selector) {
  const api::LabelSelector selector = PLUMB_TRY(api::LabelSelector::parse(label_selector));
  std::vector<std::string> out;
  for (const api::LabelRequirement& each : selector.requirements()) {
    std::string label = each.key;
    for (char& c : label)
      if (c == '.' || c == '-' || c == '/') c = '_';
    std::vector<std::string> escaped;
    for (const std::string& value : each.values) escaped.push_back(escaped_pattern(value));
    switch (each.op) {
      case api::SelectorOperator::equals:
      case api::SelectorOperator::double_equals:
      case api::SelectorOperator::in: out.push_back(matcher(label, each.values)); break;
      case api::SelectorOperator::not_equals:
      case api::SelectorOperator::not_in: out.push_back(label + "!~" + quoted_value(join(escaped, "|"))); break;
      case api::SelectorOperator::exists: out.push_back(label + "!=\"\""); break;
      case api::SelectorOperator::does_not_exist: out.push_back(label + "=\"\""); break;
      default: return fail(Code::invalid_argument, "the label selector \"" + std::string(label_selector) + "\" compares numbers, which series' labels are not");
    }
  }
  return joined(out);
}

std::string joined(const std::vector<std::string>& matchers) {
  std::vector<std::string> kept;
  for (const std::string& each : matchers)
    if (!each.empty()) kept.push_back(each);
  return join(kept, ",");
}

std::optional<std::string> milli_quantity(double value) {
  if (!std::isfinite(value) || std::abs(value) > 9e15) return std::nullopt;
  const auto milli = static_cast<std::int64_t>(std::llround(value * 1000));
  return milli % 1000 == 0 ? std::to_string(milli / 1000) : std::to_string(milli) + "m";
}

}  // namespace plumb::metrics_api
