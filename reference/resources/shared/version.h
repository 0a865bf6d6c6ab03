// A further served version of a type that is stored in another version: names, verbs, subresources, columns and rules are the stored one's;
// a version adds its own schema, its defaults and two conversions, and may have its own validation.
#pragma once

#include <memory>
#include <vector>

#include "reference/resources/resource.h"

namespace plumb::resources {

template <class Shown, class Stored>
class Version : public Resource {
 public:
  const api::TypeInfo& type() const final { return Shown::info(); }
  const Resource* stored_as() const final { return &of_stored(); }
  std::shared_ptr<api::Object> to_stored(const api::Object& object) const final {
    auto made = std::make_shared<Stored>();
    made->metadata = object.metadata;
    convert(static_cast<const Shown&>(object), *made);
    return made;
  }
  std::shared_ptr<api::Object> from_stored(const api::Object& stored) const final {
    auto made = std::make_shared<Shown>();
    made->metadata = stored.metadata;
    convert(static_cast<const Stored&>(stored), *made);
    return made;
  }

  const Names& names() const final { return of_stored().names(); }
  NameRule name_rule() const final { return of_stored().name_rule(); }
  std::vector<std::string_view> verbs() const final { return of_stored().verbs(); }
  std::string storage_prefix() const final { return of_stored().storage_prefix(); }
  bool has_generation() const final { return of_stored().has_generation(); }
  bool has_status() const final { return of_stored().has_status(); }
  bool has_scale() const final { return of_stored().has_scale(); }
  ScaleView scale(const api::Object& object) const final { return of_stored().scale(*to_stored(object)); }
  void set_scale(api::Object& object, std::int32_t replicas) const final {
    const auto stored = to_stored(object);
    of_stored().set_scale(*stored, replicas);
    static_cast<Shown&>(object) = static_cast<const Shown&>(*from_stored(*stored));
  }
  std::vector<std::string_view> subresources() const final { return of_stored().subresources(); }
  bool graceful_deletion() const final { return of_stored().graceful_deletion(); }
  bool orphans_by_default() const final { return of_stored().orphans_by_default(); }
  std::vector<SelectableField> selectable_fields(const api::Object& object) const final {
    const auto fields = of_stored().selectable_fields(*to_stored(object));
    std::vector<SelectableField> shown;
    for (const std::string_view name : selectable_field_names())
      for (const SelectableField& field : fields)
        if (field.name == stored_field(name)) shown.push_back({name, field.value});
    return shown;
  }
  std::vector<Column> columns() const final { return of_stored().columns(); }
  std::vector<Cell> row(const api::Object& object, WallTime now) const final { return of_stored().row(*to_stored(object), now); }
  void validate(const api::Object& object, FieldErrors& errors) const override { of_stored().validate(*to_stored(object), errors); }
  void validate_create(const api::Object& object, FieldErrors& errors) const override { of_stored().validate_create(*to_stored(object), errors); }
  void validate_update(const api::Object& next, const api::Object& previous, FieldErrors& errors) const override {
    of_stored().validate_update(*to_stored(next), *to_stored(previous), errors);
  }

 protected:
  // Everything but metadata, which is there already.
  virtual void convert(const Shown& from, Stored& to) const = 0;
  virtual void convert(const Stored& from, Shown& to) const = 0;

 private:
  static const Resource& of_stored() {
    static const Resource& found = *find_by_type(Stored::info());
    return found;
  }
};

}  // namespace plumb::resources
