#include "reference/apiserver/registry/metadata.h"

#include <algorithm>

#include "harness/base/random.h"
#include "reference/api/text/names.h"

namespace plumb::apiserver {

using resources::FieldErrors;
using resources::FieldPath;

namespace {

constexpr std::size_t longest_generated_base = 58;
constexpr std::size_t suffix_length = 5;
constexpr std::size_t annotations_limit = 256 * 1024;

api::Problems check_name(resources::NameRule rule, std::string_view name) {
  switch (rule) {
    case resources::NameRule::dns_subdomain: return api::check_dns1123_subdomain(name);
    case resources::NameRule::dns_label: return api::check_dns1123_label(name);
    case resources::NameRule::dns1035_label: return api::check_dns1035_label(name);
    case resources::NameRule::path_segment: return api::check_path_segment_name(name);
  }
  return {};
}

void report(const api::Problems& problems, const FieldPath& path, std::string_view value, FieldErrors& errors) {
  for (const std::string& problem : problems) errors.invalid(path, FieldErrors::quoted(value), problem);
}

void validate_owner(const metav1::OwnerReference& owner, const FieldPath& path, FieldErrors& errors) {
  if (owner.apiVersion.empty()) errors.invalid(path.child("apiVersion"), FieldErrors::quoted(owner.apiVersion), "version must not be empty");
  if (owner.kind.empty()) errors.invalid(path.child("kind"), "\"\"", "must not be empty");
  if (owner.name.empty()) errors.invalid(path.child("name"), "\"\"", "must not be empty");
  if (owner.uid.empty()) errors.invalid(path.child("uid"), "\"\"", "must not be empty");
  if (owner.apiVersion == "v1" && owner.kind == "Event")
    errors.invalid(path, FieldErrors::quoted("Event"), "v1/Event is disallowed from being an owner");
}

void validate_owners(const metav1::ObjectMeta& metadata, const FieldPath& path, FieldErrors& errors) {
  const metav1::OwnerReference* controller = nullptr;
  for (const metav1::OwnerReference& owner : metadata.ownerReferences) {
    validate_owner(owner, path, errors);
    if (!owner.controller.value_or(false)) continue;
    if (controller)
      errors.invalid(path, FieldErrors::quoted(controller->name + std::string_view(", ") + owner.name.str()),
                     "Only one reference can have Controller set to true. Found \"true\" in references for " + controller->kind.str() + "/" +
                         controller->name.str() + " and " + owner.kind.str() + "/" + owner.name.str());
    controller = &owner;
  }
}

void validate_finalizers(const metav1::ObjectMeta& metadata, const FieldPath& path, FieldErrors& errors) {
  bool orphan = false, foreground = false;
  for (const api::Str& finalizer : metadata.finalizers) {
    report(api::check_qualified_name(finalizer), path, finalizer, errors);
    orphan |= finalizer == "orphan";
    foreground |= finalizer == "foregroundDeletion";
  }
  if (orphan && foreground)
    errors.invalid(path, FieldErrors::quoted("orphan, foregroundDeletion"), "finalizer orphan and foregroundDeletion cannot be both set");
}

}  // namespace

std::optional<metav1::Status> check_name(const metav1::ObjectMeta& body, std::string_view namespace_, std::string_view name) {
  if (body.name.empty())
    return status::bad_request("the name of the object (" + std::string(name) + " based on URL) was undeterminable: name must be provided");
  if (body.name != name)
    return status::bad_request("the name of the object (" + body.name.str() + ") does not match the name on the URL (" + std::string(name) + ")");
  if (!namespace_.empty() && !body.namespace_.empty() && body.namespace_ != namespace_)
    return status::bad_request("the namespace of the object (" + body.namespace_.str() + ") does not match the namespace on the request (" +
                               std::string(namespace_) + ")");
  return std::nullopt;
}

std::string generated_name(std::string_view base) { return std::string(base.substr(0, longest_generated_base)) + random_suffix(suffix_length); }

std::optional<metav1::Status> prepare_new_metadata(const resources::Resource& resource, std::string_view namespace_, api::Object& object, WallTime now) {
  metav1::ObjectMeta& metadata = object.metadata;
  if (resource.names().namespaced) {
    if (metadata.namespace_.empty()) metadata.namespace_ = namespace_;
    if (metadata.namespace_ != namespace_)
      return status::bad_request("the namespace of the provided object does not match the namespace sent on the request");
  } else {
    metadata.namespace_.reset();
  }
  if (!metadata.resourceVersion.empty()) return status::internal("resourceVersion should not be set on objects to be created");
  if (metadata.name.empty() && !metadata.generateName.empty()) metadata.name = generated_name(metadata.generateName);
  metadata.uid = random_uuid();
  metadata.creationTimestamp = api::Time::from(now);
  metadata.deletionTimestamp = {};
  metadata.deletionGracePeriodSeconds.reset();
  metadata.selfLink.reset();
  metadata.managedFields.clear();
  metadata.generation = resource.has_generation() ? 1 : 0;
  return std::nullopt;
}

void keep_metadata(api::Object& next, const api::Object& current) {
  metav1::ObjectMeta& metadata = next.metadata;
  const metav1::ObjectMeta& old = current.metadata;
  metadata.name = old.name;
  metadata.namespace_ = old.namespace_;
  metadata.generateName = old.generateName;
  metadata.uid = old.uid;
  metadata.generation = old.generation;
  metadata.creationTimestamp = old.creationTimestamp;
  metadata.deletionTimestamp = old.deletionTimestamp;
  metadata.deletionGracePeriodSeconds = old.deletionGracePeriodSeconds;
  metadata.selfLink.reset();
  metadata.managedFields.clear();
}

void validate_metadata(const resources::Resource& resource, const metav1::ObjectMeta& metadata, FieldErrors& errors) {
  const FieldPath path("metadata");
  if (metadata.name.empty()) {
    errors.required(path.child("name"), "name or generateName is required");
  } else {
    report(check_name(resource.name_rule(), metadata.name), path.child("name"), metadata.name, errors);
  }
  for (const auto& [key, value] : metadata.labels) {
    report(api::check_qualified_name(key), path.child("labels"), key, errors);
    report(api::check_label_value(value), path.child("labels"), value, errors);
  }
  std::size_t total = 0;
  for (const auto& [key, value] : metadata.annotations) {
    report(api::check_annotation_key(key), path.child("annotations"), key, errors);
    total += key.size() + value.size();
  }
  if (total > annotations_limit) errors.too_long(path.child("annotations"), annotations_limit);
  validate_owners(metadata, path.child("ownerReferences"), errors);
  validate_finalizers(metadata, path.child("finalizers"), errors);
}

void validate_metadata_update(const metav1::ObjectMeta& next, const metav1::ObjectMeta& current, FieldErrors& errors) {
  if (!current.deletionTimestamp) return;
  std::string added;
  for (const api::Str& finalizer : next.finalizers)
    if (std::find(current.finalizers.begin(), current.finalizers.end(), finalizer) == current.finalizers.end())
      added.append(added.empty() ? "" : ", ").append(FieldErrors::quoted(finalizer));
  if (!added.empty())
    errors.forbidden(FieldPath("metadata.finalizers"),
                     "no new finalizers can be added if the object is being deleted, found new finalizers []string{" + added + "}");
}

}  // namespace plumb::apiserver
