include(GNUInstallDirs)

# quantize_shell_files(TARGET): the manual page and the completions that the program prints of itself; made with it, installed with it.
function(quantize_shell_files target)
  set(folder "${PROJECT_BINARY_DIR}/share")
  set(man "${folder}/quantize.1")
  set(bash "${folder}/quantize.bash")
  set(zsh "${folder}/_quantize")
  set(fish "${folder}/quantize.fish")
  add_custom_command(
    TARGET ${target} POST_BUILD
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${folder}"
    COMMAND ${target} man > "${man}"
    COMMAND ${target} completion bash > "${bash}"
    COMMAND ${target} completion zsh > "${zsh}"
    COMMAND ${target} completion fish > "${fish}"
    BYPRODUCTS "${man}" "${bash}" "${zsh}" "${fish}"
    VERBATIM)
  install(FILES "${man}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
  install(FILES "${bash}" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME quantize)
  install(FILES "${zsh}" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
  install(FILES "${fish}" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
endfunction()
