#include <gtest/gtest.h>

#include "conformance/storage/volume_files.h"

PLUMB_CONFORMANCE(storage, empty_dir_modes,
                  {.requirement = "An emptyDir MUST be open to every user, in memory where asked, and files in it MUST have the mode that they were made with, whoever made them, and be "
                                  "readable.",
                   .covers = {"EmptyDir, medium default, volume mode default", "EmptyDir, medium default, volume mode 0644", "EmptyDir, medium default, volume mode 0666",
                              "EmptyDir, medium default, volume mode 0777", "EmptyDir, medium memory, volume mode default", "EmptyDir, medium memory, volume mode 0644",
                              "EmptyDir, medium memory, volume mode 0644, non-root user", "EmptyDir, medium memory, volume mode 0666",
                              "EmptyDir, medium memory, volume mode 0666,, non-root user", "EmptyDir, medium memory, volume mode 0777",
                              "EmptyDir, medium memory, volume mode 0777, non-root user"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  for (const char* pod : {"root", "user"}) {
    c.await_ready(pod);
    const std::string owner = pod == std::string("root") ? "uid=0 " : "uid=1001 ";
    for (const char* volume : {"/disk", "/memory"}) {
      EXPECT_EQ(file_mode(c, pod, volume), "0777") << pod << " " << volume;
      EXPECT_EQ(has(file_facts(c, pod, volume), "mount=" + std::string(volume) + " tmpfs "), volume == std::string("/memory")) << file_facts(c, pod, volume);
      for (const char* mode : {"0644", "0666", "0777"}) {
        const std::string path = std::string(volume) + "/" + mode;
        c.output(pod, {"write", path, "text", "--mode", mode});
        EXPECT_EQ(file_text(c, pod, path), "text");
        EXPECT_EQ(file_mode(c, pod, path), mode) << pod << " " << path;
        EXPECT_TRUE(has(file_facts(c, pod, path), owner)) << file_facts(c, pod, path);
      }
    }
  }
}
