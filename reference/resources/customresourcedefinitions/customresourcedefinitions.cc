#include <algorithm>
#include <set>

#include "harness/base/encoding.h"
#include "reference/api/types/apiextensionsv1.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/type_defaults.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

using apiextensionsv1::CustomResourceDefinition;
using apiextensionsv1::CustomResourceDefinitionNames;
using apiextensionsv1::CustomResourceDefinitionSpec;
using apiextensionsv1::CustomResourceDefinitionStatus;
using apiextensionsv1::CustomResourceDefinitionVersion;

const FieldPath stored_versions_path = FieldPath("status").child("storedVersions");

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

const TypeDefault<apiextensionsv1::ServiceReference> service_reference{[](apiextensionsv1::ServiceReference& reference) {
  if (!reference.port) reference.port = 443;
}};

// The version that objects are stored in has been stored from now on.
void note_stored_version(const CustomResourceDefinitionSpec& spec, CustomResourceDefinitionStatus& status) {
  const auto storage = std::find_if(spec.versions.begin(), spec.versions.end(), [](const CustomResourceDefinitionVersion& version) { return version.storage; });
  if (storage == spec.versions.end()) return;
  auto& stored = status.storedVersions;
  if (std::find(stored.begin(), stored.end(), storage->name) == stored.end()) stored.push_back(storage->name);
}

// Upstream tells all problems of these in one error.
void check_joined(const api::Problems& problems, const FieldPath& path, std::string_view value, FieldErrors& errors, std::string_view before = {}) {
  if (!problems.empty()) errors.invalid(path, quoted(value), std::string(before) + plumb::join(problems, ","));
}

void check_group(const CustomResourceDefinitionSpec& spec, FieldErrors& errors) {
  const FieldPath path = spec_path.child("group");
  if (spec.group.empty()) return errors.required(path);
  const api::Problems problems = api::check_dns1123_subdomain(spec.group);
  if (!problems.empty()) return check_joined(problems, path, spec.group, errors);
  if (spec.group.view().find('.') == std::string_view::npos) errors.invalid(path, quoted(spec.group), "should be a domain with at least one dot");
}

void check_scope(const CustomResourceDefinitionSpec& spec, FieldErrors& errors) {
  const FieldPath path = spec_path.child("scope");
  if (spec.scope.empty()) return errors.required(path);
  if (spec.scope != apiextensionsv1::ClusterScoped && spec.scope != apiextensionsv1::NamespaceScoped)
    errors.not_supported(path, quoted(spec.scope), {apiextensionsv1::ClusterScoped, apiextensionsv1::NamespaceScoped});
}

void check_versions(const CustomResourceDefinitionSpec& spec, FieldErrors& errors) {
  const FieldPath path = spec_path.child("versions");
  std::set<std::string_view> names;
  int storage = 0;
  for (std::size_t i = 0; i < spec.versions.size(); ++i) {
    const CustomResourceDefinitionVersion& version = spec.versions[i];
    if (!version.schema || !version.schema->openAPIV3Schema) errors.required(path.index(i).child("schema").child("openAPIV3Schema"));
    check_joined(api::check_dns1035_label(version.name), path.index(i).child("name"), version.name, errors);
    if (version.deprecationWarning && !version.deprecated)
      errors.invalid(path.index(i).child("deprecationWarning"), quoted(*version.deprecationWarning), "can only be set for deprecated versions");
    names.insert(version.name);
    storage += version.storage;
  }
  if (names.size() != spec.versions.size()) errors.invalid(path, "[]", "must contain unique version names");
  if (storage != 1) errors.invalid(path, "[]", "must have exactly one version marked as storage version");
}

void check_names(const CustomResourceDefinitionNames& names, FieldErrors& errors) {
  const FieldPath path = spec_path.child("names");
  check_required(names.plural, path.child("plural"), errors);
  check_required(names.singular, path.child("singular"), errors);
  check_required(names.kind, path.child("kind"), errors);
  check_required(names.listKind, path.child("listKind"), errors);
  const auto check_label = [&](std::string_view value, std::string_view field) {
    if (!value.empty()) check_joined(api::check_dns1035_label(value), path.child(field), value, errors);
  };
  const auto check_kind = [&](std::string_view value, std::string_view field) {
    if (!value.empty())
      check_joined(api::check_dns1035_label(lowered(value)), path.child(field), value, errors, "may have mixed case, but should otherwise match: ");
  };
  const auto check_each = [&](const api::List<api::Str>& values, std::string_view field) {
    for (std::size_t i = 0; i < values.size(); ++i) check_joined(api::check_dns1035_label(values[i]), path.child(field).index(i), values[i], errors);
  };
  check_label(names.plural, "plural");
  check_label(names.singular, "singular");
  check_kind(names.kind, "kind");
  check_kind(names.listKind, "listKind");
  check_each(names.shortNames, "shortNames");
  if (!names.listKind.empty() && names.kind == names.listKind)
    errors.invalid(path.child("listKind"), quoted(names.listKind), "kind and listKind may not be the same");
  check_each(names.categories, "categories");
}

// A version stays in the definition as long as objects may be stored in it.
void check_stored_versions(const CustomResourceDefinition& object, FieldErrors& errors) {
  const auto& stored = object.status.storedVersions;
  const auto& versions = object.spec.versions;
  if (stored.empty()) return errors.invalid(stored_versions_path, "[]", "must have at least one stored version");
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const std::string name = stored[i].str();
    if (std::any_of(versions.begin(), versions.end(), [&](const auto& version) { return version.name == name; })) continue;
    errors.invalid(stored_versions_path.index(i), quoted(name),
                   "missing from spec.versions; " + name + " was previously a storage version, and must remain in spec.versions until a storage migration ensures "
                   "no data remains persisted in " + name + " and removes " + name + " from status.storedVersions");
  }
}

class CustomResourceDefinitions final : public Typed<CustomResourceDefinition> {
 public:
  CustomResourceDefinitions() : Typed(Names{"customresourcedefinitions", "customresourcedefinition", {"crd", "crds"}, {"api-extensions"}, false}) {}
  std::string storage_prefix() const override { return "apiextensions.k8s.io/customresourcedefinitions"; }

 protected:
  void defaults(CustomResourceDefinition& object) const override {
    auto& spec = object.spec;
    if (spec.names.singular.empty()) spec.names.singular = lowered(spec.names.kind);
    if (spec.names.listKind.empty() && !spec.names.kind.empty()) spec.names.listKind = spec.names.kind.str() + "List";
    if (!spec.conversion) spec.conversion.ensure().strategy = apiextensionsv1::NoneConverter;
    if (object.status.storedVersions.empty()) note_stored_version(spec, object.status);
  }
  void on_create(CustomResourceDefinition& object) const override { note_stored_version(object.spec, object.status); }
  void on_update(CustomResourceDefinition& next, const CustomResourceDefinition&) const override { note_stored_version(next.spec, next.status); }
  void check(const CustomResourceDefinition& object, FieldErrors& errors) const override {
    const std::string name = object.spec.names.plural.str() + "." + object.spec.group.str();
    if (!object.metadata.name.empty() && object.metadata.name != name)
      errors.invalid(FieldPath("metadata").child("name"), quoted(object.metadata.name), "must be spec.names.plural+\".\"+spec.group");
    check_group(object.spec, errors);
    check_scope(object.spec, errors);
    check_versions(object.spec, errors);
    check_names(object.spec.names, errors);
    check_stored_versions(object, errors);
  }
  void check_update(const CustomResourceDefinition& next, const CustomResourceDefinition& previous, FieldErrors& errors) const override {
    const FieldPath names = spec_path.child("names");
    const auto &now = next.spec, &before = previous.spec;
    const bool established = std::any_of(previous.status.conditions.begin(), previous.status.conditions.end(), [](const auto& condition) {
      return condition.type == apiextensionsv1::Established && condition.status == apiextensionsv1::ConditionTrue;
    });
    check_immutable(established && now.scope != before.scope, spec_path.child("scope"), quoted(now.scope), errors);
    check_immutable(established && now.names.kind != before.names.kind, names.child("kind"), quoted(now.names.kind), errors);
    check_immutable(now.group != before.group, spec_path.child("group"), quoted(now.group), errors);
    check_immutable(now.names.plural != before.names.plural, names.child("plural"), quoted(now.names.plural), errors);
  }
};

const Registered<Resource> registered_customresourcedefinitions{"customresourcedefinitions.apiextensions.k8s.io", [] { return std::make_unique<CustomResourceDefinitions>(); }};

}  // namespace
}  // namespace plumb::resources
