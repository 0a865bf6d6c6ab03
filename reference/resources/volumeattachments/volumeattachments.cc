#include "reference/api/types/storagev1.h"
#include "reference/api/walk.h"
#include "reference/resources/persistentvolumes/volume_rules.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/storage_checks.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

using storagev1::VolumeAttachment;

constexpr std::size_t longest_message = 1024;
constexpr std::string_view one_source = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
const FieldPath attached_path("status");

void check_source(const storagev1::VolumeAttachmentSource& source, const FieldPath& path, FieldErrors& errors) {
  const auto& volume = source.persistentVolumeName;
  if (!source.inlineVolumeSpec && !volume) return errors.required(path, one_source);
  if (source.inlineVolumeSpec && volume) return errors.forbidden(path, one_source);
  if (source.inlineVolumeSpec) return check_volume_spec(*source.inlineVolumeSpec, true, path.child("inlineVolumeSpec"), errors);
  const FieldPath at = path.child("persistentVolumeName");
  if (volume->empty()) return errors.required(at, "must specify non empty persistentVolumeName");
  check_text(api::check_dns1123_subdomain(*volume), at, *volume, errors);
}

void check_error(const api::Box<storagev1::VolumeError>& error, const FieldPath& path, FieldErrors& errors) {
  if (error && error->message.size() > longest_message) errors.too_long(path.child("message"), longest_message);
}

class VolumeAttachments final : public Typed<VolumeAttachment> {
 public:
  VolumeAttachments() : Typed(Names{"volumeattachments", "volumeattachment", {}, {}, false}) {}
  bool has_generation() const override { return false; }
  std::vector<Column> columns() const override {
    return {name_column(),
            text_column("Attacher", "The driver that attaches it."),
            text_column("PV", "The volume."),
            text_column("Node", "Where it is to be attached."),
            flag_column("Attached", "Whether it is attached."),
            age_column()};
  }

 protected:
  void check(const VolumeAttachment& attachment, FieldErrors& errors) const override {
    const auto& spec = attachment.spec;
    check_driver_name(spec.attacher, spec_path.child("attacher"), errors);
    check_source(spec.source, spec_path.child("source"), errors);
    if (spec.nodeName.empty())
      errors.required(spec_path.child("nodeName"));
    else
      check_text(api::check_dns1123_subdomain(spec.nodeName), spec_path.child("nodeName"), spec.nodeName, errors);
    check_parameters(attachment.status.attachmentMetadata, true, attached_path.child("attachmentMetadata"), errors);
    check_error(attachment.status.attachError, attached_path.child("attachError"), errors);
    check_error(attachment.status.detachError, attached_path.child("detachError"), errors);
  }
  void check_update(const VolumeAttachment& next, const VolumeAttachment& previous, FieldErrors& errors) const override {
    check_immutable(!api::semantically_equal(storagev1::VolumeAttachmentSpec::info(), &next.spec, &previous.spec), spec_path, "null", errors);
  }
  std::vector<Cell> cells(const VolumeAttachment& attachment, WallTime now) const override {
    const auto& spec = attachment.spec;
    return {attachment.metadata.name,       spec.attacher, spec.source.persistentVolumeName.value_or(""), spec.nodeName,
            Cell(attachment.status.attached), age(attachment, now)};
  }
};

const Registered<Resource> registered_volumeattachments{"volumeattachments.storage.k8s.io", [] { return std::make_unique<VolumeAttachments>(); }};

}  // namespace
}  // namespace plumb::resources
