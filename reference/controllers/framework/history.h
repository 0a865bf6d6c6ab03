// ControllerRevisions: the numbered history of a pod template under a StatefulSet or a DaemonSet, as upstream's pkg/controller/history and
// kubectl's rollout commands read it. The owner makes one revision for each template it has had; the highest number is the latest.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/types/appsv1.h"
#include "reference/controllers/framework/plan.h"

namespace plumb::controllers {

using RevisionPtr = std::shared_ptr<const appsv1::ControllerRevision>;

// The label of a pod that names the revision it was made from.
inline constexpr std::string_view revision_hash_label = "controller-revision-hash";

// What a revision keeps: a strategic merge patch that puts the template back. Byte for byte what upstream writes.
std::string template_patch(const corev1::PodTemplateSpec& pod_template);
// The template that a revision puts back; nullopt when it keeps something else.
std::optional<corev1::PodTemplateSpec> template_in(const appsv1::ControllerRevision& revision);
// `patch` is the template's. A revision that another release wrote differently, but means the same, counts too.
bool keeps_template(const appsv1::ControllerRevision& revision, const corev1::PodTemplateSpec& pod_template, std::string_view patch);

// Oldest first. Of equal numbers the one made later, then the greater name, is the newer.
void sort_by_number(std::vector<RevisionPtr>& revisions);
std::int64_t highest_number(const std::vector<RevisionPtr>& revisions);

// Upstream's hash of the data and of how often that hash was found taken.
std::string revision_hash(std::string_view data, std::int32_t collisions);

// A revision of the owner's template, with the template's labels, the hash under `hash_label` and in the name, the owner's annotations.
std::shared_ptr<appsv1::ControllerRevision> make_revision(const api::Object& owner, const corev1::PodTemplateSpec& pod_template,
                                                          std::string_view patch, std::int32_t collisions, std::int64_t number,
                                                          std::string_view hash_label);
// The write that gives a revision another number.
Request renumber_request(const appsv1::ControllerRevision& revision, std::int64_t number);
// One that is gone already counts as deleted.
Action delete_revision(const appsv1::ControllerRevision& revision);

}  // namespace plumb::controllers
