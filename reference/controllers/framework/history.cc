#include "reference/controllers/framework/history.h"

#include <algorithm>

#include "reference/api/codec/json.h"
#include "reference/api/doc/document.h"
#include "reference/api/walk.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/controllers/framework/safe_hash.h"

namespace plumb::controllers {

namespace {

constexpr std::size_t max_owner_name = 223;

bool older(const RevisionPtr& a, const RevisionPtr& b) {
  if (a->revision != b->revision) return a->revision < b->revision;
  if (a->metadata.creationTimestamp < b->metadata.creationTimestamp) return true;
  if (b->metadata.creationTimestamp < a->metadata.creationTimestamp) return false;
  return a->metadata.name < b->metadata.name;
}

}  // namespace

std::string template_patch(const corev1::PodTemplateSpec& pod_template) {
  Result<api::Doc> text = api::parse_json(api::to_json(pod_template));
  const api::Doc template_doc = text.ok() ? text->with("$patch", "replace") : api::Doc();
  return api::Doc::object({{"spec", api::Doc::object({{"template", template_doc}})}}).to_json();
}

std::optional<corev1::PodTemplateSpec> template_in(const appsv1::ControllerRevision& revision) {
  const Result<api::Doc> data = api::parse_json(revision.data.json);
  const api::Doc* found = data.ok() ? data->at_pointer("/spec/template") : nullptr;
  if (!found || !found->is_object()) return std::nullopt;
  auto decoded = api::decode_json_as<corev1::PodTemplateSpec>(found->without("$patch").to_json());
  return decoded.ok() ? std::optional(*std::move(decoded)) : std::nullopt;
}

bool keeps_template(const appsv1::ControllerRevision& revision, const corev1::PodTemplateSpec& pod_template, std::string_view patch) {
  if (revision.data.json == patch) return true;
  const auto kept = template_in(revision);
  return kept && api::semantically_equal(corev1::PodTemplateSpec::info(), &*kept, &pod_template);
}

void sort_by_number(std::vector<RevisionPtr>& revisions) { std::sort(revisions.begin(), revisions.end(), older); }

std::int64_t highest_number(const std::vector<RevisionPtr>& revisions) {
  std::int64_t highest = 0;
  for (const RevisionPtr& revision : revisions) highest = std::max(highest, revision->revision);
  return highest;
}

std::string revision_hash(std::string_view data, std::int32_t collisions) {
  std::uint32_t hash = 2166136261u;
  for (const char byte : std::string(data) + std::to_string(collisions)) hash = (hash * 16777619u) ^ static_cast<unsigned char>(byte);
  return safe_encoded(hash);
}

std::shared_ptr<appsv1::ControllerRevision> make_revision(const api::Object& owner, const corev1::PodTemplateSpec& pod_template,
                                                          std::string_view patch, std::int32_t collisions, std::int64_t number,
                                                          std::string_view hash_label) {
  const std::string hash = revision_hash(patch, collisions);
  auto made = std::make_shared<appsv1::ControllerRevision>();
  made->metadata.name = owner.metadata.name.str().substr(0, max_owner_name) + "-" + hash;
  made->metadata.namespace_ = owner.metadata.namespace_;
  made->metadata.labels = pod_template.metadata.labels;
  made->metadata.labels.set(hash_label, api::Str(hash));
  made->metadata.annotations = owner.metadata.annotations;
  made->metadata.ownerReferences.push_back(controller_reference(owner));
  made->data = api::Raw(patch);
  made->revision = number;
  return made;
}

Request renumber_request(const appsv1::ControllerRevision& revision, std::int64_t number) {
  auto next = std::static_pointer_cast<appsv1::ControllerRevision>(api::clone(revision));
  next->revision = number;
  return informer::update_request(std::move(next));
}

Action delete_revision(const appsv1::ControllerRevision& revision) {
  Action action;
  action.request = informer::remove_request(informer::resource_of<appsv1::ControllerRevision>(), revision.metadata.namespace_, revision.metadata.name);
  action.accept = {"NotFound"};
  return action;
}

}  // namespace plumb::controllers
