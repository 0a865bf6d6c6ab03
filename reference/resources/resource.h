// A resource type: all that the generic registry, the tables and discovery need to know about one, beyond its schema.
//
// One folder a resource: it derives from Resource (or uses Plain, for a type without rules of its own) and registers itself:
//
//   const Registered<Resource> registered_configmaps{"configmaps", [] { return std::make_unique<ConfigMaps>(); }};     // core: just the plural
//   const Registered<Resource> registered_deployments{"deployments.apps", [] { return std::make_unique<Deployments>(); }};
//
// Discovery, verbs, watch, selectors, paging, patches, tables, errors and OpenAPI follow from it. A Resource has no state and is used
// from many threads.
//
// A type with several served versions is stored in one: that one's Resource has the rules, and each further version is a Resource that
// names it in stored_as() and converts (shared/version.h). What was written through one is read, listed and watched through all.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/registry.h"
#include "reference/api/object.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

struct Names {
  std::string plural, singular;
  std::vector<std::string> short_names = {};
  std::vector<std::string> categories = {};  // "all"
  bool namespaced = true;
};

// A column of `kubectl get`, as in metav1.TableColumnDefinition. Priority 0 is always shown, above 0 only with -o wide.
struct Column {
  std::string name, type, format, description;
  int priority = 0;
};
struct Cell {
  enum class Is { text, integer, boolean, null } is = Is::text;
  std::string text = {};
  std::int64_t number = 0;
  Cell(std::string value) : text(std::move(value)) {}
  Cell(std::string_view value) : text(value) {}
  Cell(const char* value) : text(value) {}
  Cell(const api::Str& value) : text(value.view()) {}
  Cell(std::int64_t value) : is(Is::integer), number(value) {}
  Cell(std::int32_t value) : is(Is::integer), number(value) {}
  explicit Cell(bool value) : is(Is::boolean), number(value) {}
};

// A field that a field selector may name, beyond metadata.name and metadata.namespace.
struct SelectableField {
  std::string_view name;
  std::string value;
};

// What the scale subresource reads and writes.
struct ScaleView {
  std::int32_t spec_replicas = 0, status_replicas = 0;
  std::string selector;  // in the text form of a label selector
};

// How names of objects of a type are checked.
enum class NameRule { dns_subdomain, dns_label, dns1035_label, path_segment };

class Resource {
 public:
  virtual ~Resource() = default;

  virtual const Names& names() const = 0;
  virtual const api::TypeInfo& type() const = 0;
  virtual NameRule name_rule() const { return NameRule::dns_subdomain; }
  // The verbs served, beside those of subresources. Default: all of create, delete, deletecollection, get, list, patch, update, watch.
  virtual std::vector<std::string_view> verbs() const;
  // Below /registry/ in the store, as upstream: the plural, but for a few old names ("minions", "services/specs") and the groups that
  // upstream's other API servers store under their names.
  virtual std::string storage_prefix() const { return names().plural; }

  // The resource whose version is stored; nullptr: this one's is. Objects of a resource that is stored as another get its defaults, are
  // converted, go through all that holds for the stored one, and are validated in this version. The conversions are upstream's and give
  // objects that nobody else holds; what one version cannot say goes through annotations where upstream has such.
  virtual const Resource* stored_as() const { return nullptr; }
  virtual std::shared_ptr<api::Object> to_stored(const api::Object& object) const { return api::clone(object); }
  virtual std::shared_ptr<api::Object> from_stored(const api::Object& stored) const { return api::clone(stored); }
  // What stored_as() calls the field that a field selector names.
  virtual std::string_view stored_field(std::string_view name) const { return name; }
  // stored_as(), or this one.
  const Resource& stored() const {
    const Resource* other = stored_as();
    return other ? *other : *this;
  }
  // Not stored: the answer is computed (reviews, bindings).
  virtual bool is_virtual() const { return false; }

  // Upstream's SetDefaults_* of this version; runs on every object that enters, before admission. What an override does stands
  // before the defaults of nested types (shared/type_defaults.h), so it ends by calling this one.
  virtual void set_defaults(api::Object&) const;
  // Clears what a client may not set at creation (status).
  virtual void prepare_for_create(api::Object&) const;
  // Keeps what an update through the main resource may not change (status). `generation` is raised by the registry when
  // spec_changed() says so.
  virtual void prepare_for_update(api::Object& next, const api::Object& previous) const;
  // The same for an update through the status subresource: everything but status (and metadata the rules allow) stays.
  virtual void prepare_for_status_update(api::Object& next, const api::Object& previous) const;
  // The same for the other subresources that take the object itself ("finalize", "approval", "ephemeralcontainers", "resize").
  virtual void prepare_for_subresource_update(std::string_view /*subresource*/, api::Object& /*next*/, const api::Object& /*previous*/) const {}
  // False: an update (not a patch) has to name the resourceVersion that it was made from.
  virtual bool unconditional_update() const { return true; }
  // True for types with metadata.generation.
  virtual bool has_generation() const { return has_status(); }
  virtual bool spec_changed(const api::Object& next, const api::Object& previous) const;

  // Semantic rules; structural ones, metadata and names are checked by the caller.
  virtual void validate(const api::Object&, FieldErrors&) const {}
  // Each runs after validate() on the new object.
  virtual void validate_create(const api::Object&, FieldErrors&) const {}
  virtual void validate_update(const api::Object& /*next*/, const api::Object& /*previous*/, FieldErrors&) const {}
  virtual void validate_status_update(const api::Object& /*next*/, const api::Object& /*previous*/, FieldErrors&) const {}
  virtual void validate_subresource_update(std::string_view /*subresource*/, const api::Object& /*next*/, const api::Object& /*previous*/, FieldErrors&) const {}

  // True when the type has a field "status" that is served as a subresource.
  virtual bool has_status() const;
  virtual bool has_scale() const { return false; }
  virtual ScaleView scale(const api::Object&) const { return {}; }
  virtual void set_scale(api::Object&, std::int32_t /*replicas*/) const {}
  // Further subresources that exist by name ("binding", "eviction", "log", "exec", …); the API server knows how to serve them.
  virtual std::vector<std::string_view> subresources() const { return {}; }

  // Seconds of grace when a delete names none; 0: objects vanish at once. For pods, upstream's rules.
  virtual bool graceful_deletion() const { return false; }
  // Upstream's default propagation when a delete names none: true means orphan (of the served versions those of replicationcontrollers and jobs).
  virtual bool orphans_by_default() const { return false; }

  virtual std::vector<SelectableField> selectable_fields(const api::Object&) const { return {}; }
  // The names selectable_fields() gives, known without an object; any other field label is refused.
  virtual std::vector<std::string_view> selectable_field_names() const { return {}; }

  // Without own columns a table has Name and Created At.
  virtual std::vector<Column> columns() const;
  virtual std::vector<Cell> row(const api::Object&, WallTime now) const;

  std::string_view group() const { return type().group; }
  std::string_view version() const { return type().version; }
  // "pods", "deployments.apps"
  std::string group_resource() const;
};

// Names and type given, everything else upstream's common rule: a base for types with rules, and enough for those without.
template <class T>
class Plain : public Resource {
 public:
  explicit Plain(Names names, NameRule rule = NameRule::dns_subdomain) : names_(std::move(names)), rule_(rule) {}
  const Names& names() const override { return names_; }
  const api::TypeInfo& type() const override { return T::info(); }
  NameRule name_rule() const override { return rule_; }

 private:
  Names names_;
  NameRule rule_;
};

// A review: posted, answered, never stored.
template <class T>
class Review : public Plain<T> {
 public:
  using Plain<T>::Plain;
  bool is_virtual() const override { return true; }
  bool has_status() const override { return false; }
  std::vector<std::string_view> verbs() const override { return {"create"}; }
};

// All registered resources, made once, by group_resource(); and look-ups.
const std::vector<const Resource*>& all();
const Resource* find(std::string_view group, std::string_view version, std::string_view plural);
const Resource* find_by_type(const api::TypeInfo& type);

// Ages as kubectl prints them: 5s, 3m20s, 2d3h.
std::string human_duration(Duration duration);
std::string age(const api::Object& object, WallTime now);

}  // namespace plumb::resources
