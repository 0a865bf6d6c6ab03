#include "reference/resources/resource.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "harness/base/listing.h"
#include "reference/api/text/time.h"
#include "reference/api/walk.h"
#include "reference/resources/shared/type_defaults.h"

namespace plumb::resources {
namespace {

std::string line(const Resource& resource) {
  const std::string group = resource.group().empty() ? "" : std::string(resource.group()) + "/";
  return group + std::string(resource.version()) + " " + std::string(resource.type().name) + (resource.names().namespaced ? ", namespaced" : ", cluster-wide");
}
const Registered<Listing> listed{"resources", [] { return listing_of<Resource>(line); }};

char* at(api::Object& object, const api::FieldInfo& field) { return reinterpret_cast<char*>(&object) + field.offset; }

std::size_t width(const api::FieldInfo& field) {
  using api::Shape;
  if (field.shape == Shape::list || field.shape == Shape::map) return sizeof(api::RawList);
  if (field.shape == Shape::optional && field.kind == api::Kind::structure) return sizeof(void*);
  if (field.shape == Shape::optional && field.kind == api::Kind::boolean) return sizeof(api::Opt<bool>);
  if (field.shape == Shape::optional && field.kind == api::Kind::int32) return sizeof(api::Opt<std::int32_t>);
  if (field.shape == Shape::optional && (field.kind == api::Kind::int64 || field.kind == api::Kind::duration)) return sizeof(api::Opt<std::int64_t>);
  if (field.shape == Shape::optional && field.kind == api::Kind::float64) return sizeof(api::Opt<double>);
  return api::element_size(field);
}

// API values may be moved as bytes, so two objects can trade fields.
void trade(api::Object& a, api::Object& b, const api::FieldInfo& field) {
  char* x = at(a, field);
  std::swap_ranges(x, x + width(field), at(b, field));
}

bool equal(const api::Object& a, const api::Object& b, const api::FieldInfo& field) {
  api::TypeInfo single = a.type();
  single.json_fields = {&field, 1};
  return api::semantically_equal(single, &a, &b);
}

}  // namespace

std::vector<std::string_view> Resource::verbs() const { return {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}; }

void Resource::set_defaults(api::Object& object) const { apply_type_defaults(object); }

bool Resource::has_status() const { return type().json_field("status") != nullptr; }

void Resource::prepare_for_create(api::Object& object) const {
  if (!has_status()) return;
  const api::FieldInfo& status = *type().json_field("status");
  api::destroy_field(status, at(object, status));
}

void Resource::prepare_for_update(api::Object& next, const api::Object& previous) const {
  if (!has_status()) return;
  const auto kept = api::clone(previous);
  trade(next, *kept, *type().json_field("status"));
}

void Resource::prepare_for_status_update(api::Object& next, const api::Object& previous) const {
  const auto kept = api::clone(previous);
  for (const api::FieldInfo& field : type().json_fields)
    if (field.name != "metadata" && field.name != "status") trade(next, *kept, field);
  next.metadata.labels = previous.metadata.labels;
  next.metadata.ownerReferences = previous.metadata.ownerReferences;
}

bool Resource::spec_changed(const api::Object& next, const api::Object& previous) const {
  return !std::all_of(type().json_fields.begin(), type().json_fields.end(), [&](const api::FieldInfo& field) {
    return field.name == "metadata" || field.name == "status" || equal(next, previous, field);
  });
}

std::vector<Column> Resource::columns() const {
  return {{"Name", "string", "name", "Unique within the namespace."}, {"Created At", "date", "", "When the object was created."}};
}
std::vector<Cell> Resource::row(const api::Object& object, WallTime) const {
  return {object.metadata.name, api::format_time(object.metadata.creationTimestamp.wall())};
}

std::string Resource::group_resource() const { return group().empty() ? names().plural : names().plural + "." + std::string(group()); }

const std::vector<const Resource*>& all() {
  // Kept until the end of the program, like the registrations.
  static const auto& list = *[] {
    auto* made = new std::vector<const Resource*>();
    for (const auto& [name, factory] : Registry<Resource>::all()) made->push_back(factory().release());
    return made;
  }();
  return list;
}

const Resource* find(std::string_view group, std::string_view version, std::string_view plural) {
  using Key = std::tuple<std::string_view, std::string_view, std::string_view>;
  static const auto index = [] {
    std::map<Key, const Resource*> made;
    for (const Resource* resource : all()) made.emplace(Key{resource->group(), resource->version(), resource->names().plural}, resource);
    return made;
  }();
  const auto found = index.find(Key{group, version, plural});
  return found == index.end() ? nullptr : found->second;
}

const Resource* find_by_type(const api::TypeInfo& type) {
  static const auto index = [] {
    std::map<const api::TypeInfo*, const Resource*> made;
    for (const Resource* resource : all()) made.emplace(&resource->type(), resource);
    return made;
  }();
  const auto found = index.find(&type);
  return found == index.end() ? nullptr : found->second;
}

std::string human_duration(Duration duration) {
  using namespace std::chrono;
  const auto text = [](std::int64_t n, char unit) { return std::to_string(n) + unit; };
  const auto pair = [&](std::int64_t n, char unit, std::int64_t rest, char small) { return rest ? text(n, unit) + text(rest, small) : text(n, unit); };
  const std::int64_t s = duration_cast<seconds>(duration).count(), m = s / 60, h = m / 60, d = h / 24;
  if (s < -1) return "<invalid>";
  if (s < 0) return "0s";
  if (s < 120) return text(s, 's');
  if (m < 10) return pair(m, 'm', s % 60, 's');
  if (h < 3) return text(m, 'm');
  if (h < 8) return pair(h, 'h', m % 60, 'm');
  if (h < 48) return text(h, 'h');
  if (d < 8) return pair(d, 'd', h % 24, 'h');
  if (d < 365 * 2) return text(d, 'd');
  if (d < 365 * 8) return pair(d / 365, 'y', d % 365, 'd');
  return text(d / 365, 'y');
}

std::string age(const api::Object& object, WallTime now) {
  if (!object.metadata.creationTimestamp) return "<unknown>";
  return human_duration(now - object.metadata.creationTimestamp.wall());
}

}  // namespace plumb::resources
