#include "reference/resources/shared/table_test.h"

#include <nlohmann/json.hpp>

#include "reference/api/codec/json.h"
#include "reference/api/text/time.h"
#include "reference/api/walk.h"

namespace plumb::resources::testing {

const Resource& resource(const std::string& name) {
  for (const Resource* one : all())
    if (one->group_resource() == name) return *one;
  ADD_FAILURE() << "no resource " << name;
  std::abort();
}

std::shared_ptr<api::Object> raw_object(const std::string& name, std::string_view json) {
  api::DecodeReport report;
  auto made = api::decode_json(resource(name).type(), json, &report);
  EXPECT_TRUE(made.ok()) << made.error().message << " in " << json;
  EXPECT_TRUE(report.problems.empty()) << report.problems.front() << " in " << json;
  return made.ok() ? std::move(made).value() : resource(name).type().make();
}

std::shared_ptr<api::Object> object(const std::string& name, std::string_view json) {
  auto made = raw_object(name, json);
  resource(name).set_defaults(*made);
  return made;
}

std::string at(const api::Object& object, std::string_view path) {
  std::string text;
  api::encode_json(object, text);
  const auto tree = nlohmann::json::parse(text);
  const nlohmann::json::json_pointer pointer{std::string(path)};
  return tree.contains(pointer) ? tree.at(pointer).dump() : "";
}

void expect_defaults(const std::string& name, std::string_view json, const std::vector<Default>& expected) {
  const auto made = object(name, json);
  for (const Default& one : expected) EXPECT_EQ(at(*made, one.path), one.value) << one.path << " of " << json;
  const auto again = api::clone(*made);
  resource(name).set_defaults(*again);
  EXPECT_TRUE(api::semantically_equal(*made, *again)) << json;
}

namespace {
Lines lines(const FieldErrors& errors) {
  Lines out;
  for (const FieldError& error : errors.list()) out.push_back(error.field + ": " + error.message);
  return out;
}
}  // namespace

Lines causes(const std::string& name, std::string_view json) {
  FieldErrors errors;
  resource(name).validate(*object(name, json), errors);
  return lines(errors);
}

Lines create_causes(const std::string& name, std::string_view json) {
  FieldErrors errors;
  resource(name).validate_create(*object(name, json), errors);
  return lines(errors);
}

Lines status_causes(const std::string& name, std::string_view previous, std::string_view next) {
  FieldErrors errors;
  resource(name).validate_status_update(*object(name, next), *object(name, previous), errors);
  return lines(errors);
}

Lines update_causes(const std::string& name, std::string_view previous, std::string_view next) {
  FieldErrors errors;
  const auto before = object(name, previous), after = object(name, next);
  resource(name).prepare_for_update(*after, *before);
  resource(name).validate_update(*after, *before, errors);
  return lines(errors);
}

Lines cells(const std::string& name, std::string_view json, WallTime now, int priority) {
  const Resource& of = resource(name);
  const auto columns = of.columns();
  const auto row = of.row(*raw_object(name, json), now);
  EXPECT_EQ(columns.size(), row.size());
  Lines out;
  for (std::size_t i = 0; i < row.size() && i < columns.size(); ++i) {
    if (columns[i].priority > priority) continue;
    if (row[i].is == Cell::Is::boolean) out.push_back(row[i].number ? "true" : "false");
    if (row[i].is == Cell::Is::integer) out.push_back(std::to_string(row[i].number));
    if (row[i].is == Cell::Is::text) out.push_back(row[i].text);
    if (row[i].is == Cell::Is::null) out.push_back("null");
  }
  return out;
}

WallTime time(std::string_view rfc3339) { return api::parse_time(rfc3339).value(); }

}  // namespace plumb::resources::testing
