#include <gtest/gtest.h>

#include "conformance/storage/volume_files.h"

PLUMB_CONFORMANCE(storage, source_modes,
                  {.requirement = "The files of configMap, secret and projected volumes MUST be readable by the users of their pods, at the paths that their items give them, in every volume "
                                  "that names the source, with the mode of the item, or else of the volume, or else 0644, of a Secret of the pod's own namespace alone.",
                   .covers = {"ConfigMap Volume, with mapping, non-root user", "ConfigMap Volume, with mapping, volume mode set", "ConfigMap Volume, without mapping, non-root user",
                              "ConfigMap Volume, without mapping, volume mode set", "Secrets Volume, mapping multiple volume paths", "Secrets Volume, mapping, volume mode 0400",
                              "Secrets Volume, volume mode 0440, fsGroup 1001 and uid 1000", "Secrets Volume, volume mode default, secret with same name in different namespace",
                              "Projected Volume, ConfigMap, mapped", "Projected Volume, ConfigMap, mapped, non-root user", "Projected Volume, ConfigMap, mapped, volume mode 0400",
                              "Projected Volume, ConfigMap, multiple volume paths", "Projected Volume, ConfigMap, non-root user", "Projected Volume, ConfigMap, volume mode 0400",
                              "Projected Volume, ConfigMap, volume mode default", "Project Volume, Secrets, non-root, custom fsGroup", "Projected Volume, Secrets, mapped",
                              "Projected Volume, Secrets, mapped, multiple paths", "Projected Volume, Secrets, mapped, volume mode 0400", "Projected Volume, Secrets, volume mode 0400",
                              "Projected Volume, Secrets, volume mode default"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  // One of the same name elsewhere.
  const std::string elsewhere = c.unique("elsewhere");
  c.create({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", elsewhere}}}});
  c.must(c.client().create({"v1", "secrets", elsewhere}, {{"metadata", {{"name", "secret"}}}, {"stringData", {{"key", "somebody else's"}}}}));
  c.apply_manifest();
  for (const char* pod : {"root", "user", "group"}) c.await_ready(pod);

  struct Wanted {
    const char *pod, *path, *mode;
  };
  for (const auto& [pod, path, mode] : {
           Wanted{"root", "/map/key", "0644"},
           {"root", "/map-mapped/deep/path", "0644"},
           {"root", "/map-moded/key", "0400"},
           {"root", "/map-item/deep/path", "0400"},
           {"root", "/secret/key", "0644"},
           {"root", "/secret-mapped/deep/path", "0644"},
           {"root", "/secret-item/deep/path", "0400"},
           {"root", "/both-map/key", "0644"},
           {"root", "/both-map-again/key", "0644"},
           {"root", "/both-map-mapped/deep/path", "0644"},
           {"root", "/both-map-moded/key", "0400"},
           {"root", "/both-map-item/deep/path", "0400"},
           {"root", "/both-secret/key", "0644"},
           {"root", "/both-secret-mapped/deep/path", "0644"},
           {"root", "/both-secret-moded/key", "0400"},
           {"root", "/both-secret-item/deep/path", "0400"},
           {"root", "/both-secret-again/deep/path", "0400"},
           {"user", "/map/key", "0644"},
           {"user", "/map-mapped/deep/path", "0644"},
           {"user", "/both-map/key", "0644"},
           {"user", "/both-map-mapped/deep/path", "0644"},
           {"group", "/secret/key", "0440"},
           {"group", "/both-secret/key", "0440"},
       }) {
    EXPECT_EQ(file_text(c, pod, path), std::string(path).find("secret") != std::string::npos ? "hidden" : "value") << pod << " " << path;
    EXPECT_EQ(file_mode(c, pod, path), mode) << pod << " " << path;
  }
  for (const char* path : {"/map-mapped/key", "/secret-mapped/key", "/both-map-mapped/key", "/both-secret-mapped/key"})
    EXPECT_FALSE(file_is_there(c, "root", path)) << path << ": only what items name";
}
