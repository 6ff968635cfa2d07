(* The finalizer of all finalizable objects; no other OCaml code is needed. *)
external died : Obj.t -> unit = "ml_died" [@@noalloc]
let () = Callback.register "died" (fun o -> died o)
